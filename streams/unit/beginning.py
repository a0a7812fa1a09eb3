"""Where a partition is read from: where its state goes on, or the oldest record when nothing was ever committed."""

import logging

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.kafka.connection import client_options
from streams.names import name_of
from streams.ownership.source import SourceOffsets
from streams.settings import Settings
from streams.tables.changelog import StateLostError
from streams.tables.rows import Meta
from streams.unit.committed_position import CommittedPosition

log = logging.getLogger(__name__)


async def ask_offsets(
    settings: Settings, source: TopicPartition, changelog: str
) -> tuple[SourceOffsets, CommittedPosition]:
    """Where the log and the last commit stand.

    To be asked after the transactional producer has started: from then on nobody else changes the latter.

    Raises:
        KafkaError: the brokers do not answer.
    """
    rows = TopicPartition(changelog, source.partition)
    consumer = AIOKafkaConsumer(**client_options(settings), group_id=settings.application_id, enable_auto_commit=False)
    try:
        await consumer.start()
        committed = await consumer.committed(source)
        ends = await consumer.end_offsets([source, rows])
        oldest = (await consumer.beginning_offsets([source]))[source]
    finally:
        await consumer.stop()
    return SourceOffsets(source, oldest, ends[source]), CommittedPosition(committed, ends[rows])


def beginning(source: SourceOffsets, committed: int | None, changelog: str, meta: Meta | None) -> Meta:
    """The stored meta row, or one for a partition that is new; held against the offset of the consumer group.

    A new partition begins at its oldest record for certain: left to the consumer, records that were fetched and
    dropped during a rebalance would be passed over.

    Raises:
        StateLostError: no meta row, though the group has committed, so there was one.
        SourceLostError: the log ends before the state goes on; what is written there next would be taken for judged.
    """
    if meta is None:
        if committed is not None:
            raise StateLostError(
                f"{name_of(changelog, source.tp.partition)} is empty, but {source.name} was committed up to "
                f"{committed:,}: its state is lost. Restore the topic, or start over with a new SLO_APPLICATION_ID."
            )
        return Meta(source.oldest_offset, None, 0)
    source.check(meta.next_offset)
    if committed != meta.next_offset:
        log.warning("%s: the group stands at %s, the state at %s, which wins", source.name, committed, meta.next_offset)
    return meta
