"""What heartbeats tell of partitions, and what their silence does."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from streams.watch.look import Heard, lagging, look, missing
from streams.watch.metrics import WatchMetrics

NOW_MS = 1_800_000_000_000
TOPIC = "slo.webhook.v1"
HEARD = {(TOPIC, 0): Heard(NOW_MS - 5_000, 3, "a"), (TOPIC, 1): Heard(NOW_MS - 61_000, None, "b")}


def test_a_partition_without_a_recent_heartbeat_is_missing() -> None:
    seen = look({TOPIC: 3}, HEARD, NOW_MS)
    assert [(one.partition, one.age_s, one.lag) for one in seen] == [(0, 5.0, 3), (1, 61.0, None), (2, None, None)]
    assert [one.name for one in missing(seen, 60)] == ["slo.webhook.v1[1]", "slo.webhook.v1[2]"]
    assert [one.partition for one in lagging(seen, 2)] == [0]
    assert lagging(seen, 3) == []


def test_metrics_tell_the_same() -> None:
    metrics = WatchMetrics(lambda: look({TOPIC: 3}, HEARD, NOW_MS), 60)
    text = metrics.exposition().decode()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    ours = [sample for sample in samples if "topic" in sample.labels]
    assert {(sample.name, sample.labels.get("partition"), sample.value) for sample in ours} == {
        ("slo_streams_heartbeat_age_seconds", "0", 5.0),
        ("slo_streams_heartbeat_age_seconds", "1", 61.0),
        ("slo_streams_heartbeat_lag_records", "0", 3.0),
        ("slo_streams_partitions_missing", None, 2.0),
    }


@given(st.dictionaries(st.integers(0, 9), st.integers(-5_000, 200_000)), st.integers(0, 12), st.integers(0, 120))
def test_whatever_is_heard_each_partition_is_judged_or_missing(ages: dict[int, int], count: int, limit_s: int) -> None:
    heard = {(TOPIC, partition): Heard(NOW_MS - age_ms, 0, "a") for partition, age_ms in ages.items()}
    gone = {one.partition for one in missing(look({TOPIC: count}, heard, NOW_MS), limit_s)}
    assert gone == {p for p in range(count) if p not in ages or ages[p] > limit_s * 1_000}
