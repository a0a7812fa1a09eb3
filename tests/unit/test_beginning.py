"""Where a partition goes on: the state wins over offsets of others, and is lost where our own is ahead of it."""

import logging

import pytest
from aiokafka import TopicPartition

from streams.kafka.commit_mark import CommitMark, commit_mark
from streams.ownership.source import SourceLostError, SourceOffsets
from streams.settings import PartitionerName
from streams.tables.changelog import StateLostError
from streams.tables.rows import Meta
from streams.unit.beginning import beginning
from streams.unit.committed_position import CommittedPosition

SOURCE = SourceOffsets(TopicPartition("slo.webhook.v1", 3), oldest_offset=5, end_offset=100)
ROWS = "slo-streams-webhook-panes-changelog"
STORED = Meta(40, None, 0)


def begun(meta: Meta | None, committed: int | None, *, is_ours: bool = True) -> Meta:
    return beginning(SOURCE, CommittedPosition(committed, 7, is_ours), ROWS, meta)


def test_a_new_partition_begins_at_its_oldest_record() -> None:
    assert begun(None, None) == Meta(5, None, 0)


def test_state_goes_on_where_it_was_committed(caplog: pytest.LogCaptureFixture) -> None:
    assert begun(STORED, 40) == STORED
    assert caplog.text == ""


@pytest.mark.parametrize(("meta", "told"), [(None, "is empty"), (STORED, "goes up to 40")])
def test_our_own_offset_ahead_of_the_state_is_lost_state(meta: Meta | None, told: str) -> None:
    with pytest.raises(
        StateLostError, match=rf"^{ROWS}\[3\] {told}.*committed up to 41.*Restore the topic, or start over"
    ):
        begun(meta, 41)


@pytest.mark.parametrize("committed", [39, None])
def test_our_own_offset_behind_the_state_is_only_said(committed: int | None, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert begun(STORED, committed) == STORED
    assert f"the group stands at {committed}, the state at 40, which wins" in caplog.text


@pytest.mark.parametrize("committed", [1, 40, 99])
@pytest.mark.parametrize(("meta", "begins"), [(None, Meta(5, None, 0)), (STORED, STORED)])
def test_offsets_of_others_say_nothing(
    committed: int, meta: Meta | None, begins: Meta, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert begun(meta, committed, is_ours=False) == begins
    assert f"offset {committed} was committed by somebody else" in caplog.text


def test_a_log_that_ends_before_the_state_is_another_one() -> None:
    with pytest.raises(SourceLostError, match="ends at 100, but was judged up to 101"):
        begun(Meta(101, None, 0), 101)


@pytest.mark.parametrize("watermark_ms", [None, 0, 1_772_460_000_000])
def test_a_commit_is_known_for_ours(watermark_ms: int | None) -> None:
    mark = CommitMark("slo-streams", PartitionerName.CRC32, watermark_ms)
    assert commit_mark(mark.metadata) == mark


def test_how_a_commit_is_marked() -> None:
    """As it lies in Kafka since version 0.2: later versions have to know it for theirs."""
    stored = '{"application":"slo-streams","partitioner":"murmur2","watermarkMs":1772460000000}'
    assert CommitMark("slo-streams", PartitionerName.MURMUR2, 1_772_460_000_000).metadata == stored


@pytest.mark.parametrize("metadata", ["", "1772460000000", "{}", '{"application":"a"}', "[1]", None])
def test_other_metadata_is_none_of_ours(metadata: str | None) -> None:
    assert commit_mark(metadata) is None
