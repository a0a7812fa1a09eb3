"""What stored state depends on is held against what is set, and every difference is told."""

import logging

import pytest

from streams.settings import PartitionerName
from streams.tables.identity import Identity, OtherStateError, check_outputs

NOW = Identity("slo-streams", "slo.webhook.v1", 8, PartitionerName.MURMUR2)
COUNTS = {"slo.alert-state.v1": 8, "slo.alerts.v1": 8, "slo.rejected.v1": 8}


def test_the_same_goes_on() -> None:
    NOW.check(Identity("slo-streams", "slo.webhook.v1", 8, PartitionerName.MURMUR2), 3)


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        (Identity("canary", "slo.webhook.v1", 8, PartitionerName.MURMUR2), "SLO_APPLICATION_ID was canary, is slo-str"),
        (Identity("slo-streams", "a.webhook.v1", 8, PartitionerName.MURMUR2), "was a.webhook.v1, is slo.webhook.v1"),
        (Identity("slo-streams", "slo.webhook.v1", 4, PartitionerName.MURMUR2), "its partition count was 4, is 8"),
        (Identity("slo-streams", "slo.webhook.v1", 8, PartitionerName.CRC32), "PARTITIONER was crc32, is murmur2"),
        (Identity("slo-streams", "slo.webhook.v1", 4, PartitionerName.CRC32), "count was 4, is 8; SLO_PARTITIONER was"),
    ],
)
def test_another_is_refused_with_the_way_on(stored: Identity, told: str) -> None:
    with pytest.raises(OtherStateError) as refusal:
        NOW.check(stored, 3)
    said = str(refusal.value)
    assert told in said
    assert f"{stored.topic}[3]" in said
    assert "Set it back, or start over with a new SLO_APPLICATION_ID and SLO_REPLACES" in said


@pytest.mark.parametrize("stored", [{}, COUNTS, {"other.alert-state.v1": 3}])
def test_outputs_as_they_were_are_right(stored: dict[str, int], caplog: pytest.LogCaptureFixture) -> None:
    check_outputs("slo.alert-state.v1", stored, COUNTS)
    assert caplog.text == ""


def test_another_count_of_the_alert_state_is_refused() -> None:
    with pytest.raises(OtherStateError, match=r"has 8 partitions, and had 4.*Delete it and create it .* 4 partitions"):
        check_outputs("slo.alert-state.v1", COUNTS | {"slo.alert-state.v1": 4}, COUNTS)


@pytest.mark.parametrize("topic", ["slo.alerts.v1", "slo.rejected.v1"])
def test_another_count_of_other_outputs_is_said(topic: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        check_outputs("slo.alert-state.v1", COUNTS | {topic: 4}, COUNTS)
    assert f"{topic} has 8 partitions, and had 4" in caplog.text
