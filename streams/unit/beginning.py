"""Where a partition is read from: where its state goes on, or the oldest record when nothing was ever committed."""

import asyncio
import logging

from aiokafka import TopicPartition

from streams.exits import START_OVER
from streams.kafka.commit_mark import commit_mark
from streams.kafka.lookups import Lookups
from streams.names import name_of
from streams.ownership.source import SourceOffsets
from streams.tables.changelog import StateLostError
from streams.tables.rows import Meta
from streams.unit.committed_position import CommittedPosition

log = logging.getLogger(__name__)


async def ask_offsets(
    lookups: Lookups, application: str, source: TopicPartition, changelog: str
) -> tuple[SourceOffsets, CommittedPosition, int]:
    """Where the log and the last commit stand, and the offset that the changelog begins at.

    To be asked after the transactional producer has started: from then on no other worker changes the latter.

    Raises:
        KafkaError: the brokers do not answer.
    """
    rows = TopicPartition(changelog, source.partition)
    stored, (oldest, ends) = await asyncio.gather(lookups.committed(application, source), lookups.offsets(source, rows))
    mark = None if stored is None else commit_mark(stored.metadata)
    committed = None if stored is None else stored.offset
    is_ours = stored is None or (mark is not None and mark.application == application)
    position = CommittedPosition(committed, ends[rows], is_ours)
    return SourceOffsets(source, oldest[source], ends[source]), position, oldest[rows]


def beginning(source: SourceOffsets, position: CommittedPosition, changelog: str, meta: Meta | None) -> Meta:
    """The stored meta row, or one for a partition that is new; held against the offset of the consumer group.

    A new partition begins at its oldest record for certain: left to the consumer, records that were fetched and
    dropped during a rebalance would be passed over. An offset that somebody else committed says nothing.

    Raises:
        StateLostError: the application has committed further than its state goes, so rows were lost.
        SourceLostError: the log ends before the state goes on; what is written there next would be taken for judged.
    """
    rows = name_of(changelog, source.tp.partition)
    committed = position.committed if position.is_ours else None
    if position.committed is not None and not position.is_ours:
        log.warning(
            "%s: offset %s was committed by somebody else in the consumer group of this application; the state, at "
            "%s, wins. Find out who it is: what it reads, the workers may not get",
            source.name,
            position.committed,
            source.oldest_offset if meta is None else meta.next_offset,
        )
    if meta is None:
        if committed is not None:
            raise StateLostError(
                f"{rows} is empty, but {source.name} was committed up to {committed:,}: its state is lost. Restore the "
                f"topic, or {START_OVER}."
            )
        return Meta(source.oldest_offset, None, 0)
    source.check(meta.next_offset)
    if committed is not None and committed > meta.next_offset:
        raise StateLostError(
            f"{rows} goes up to {meta.next_offset:,}, but {source.name} was committed up to {committed:,}: its last "
            f"rows are lost. Restore the topic, or {START_OVER}."
        )
    if position.is_ours and committed != meta.next_offset:
        log.warning("%s: the group stands at %s, the state at %s, which wins", source.name, committed, meta.next_offset)
    return meta
