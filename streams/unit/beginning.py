"""Where a partition is read from: where its state goes on, or the oldest record when nothing was ever committed."""

import logging

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.kafka.connection import client_options
from streams.settings import Settings
from streams.tables.changelog import StateLostError
from streams.tables.rows import Meta

log = logging.getLogger(__name__)


class SourceLostError(Exception):
    """The input topic holds less than was judged: it is not the one that the state was made from."""

    def __init__(self, name: str, end_offset: int, judged_offset: int) -> None:
        super().__init__(
            f"{name} ends at {end_offset:,}, but was judged up to {judged_offset:,}: it was deleted and created "
            "anew, or lost records. Start over with a new SLO_APPLICATION_ID, which reads it from its beginning."
        )


async def beginning(settings: Settings, source: TopicPartition, changelog: str, meta: Meta | None) -> Meta:
    """The stored meta row, or one for a partition that is new; held against the offset of the consumer group.

    A new partition begins at its oldest record for certain: left to the consumer, records that were fetched and
    dropped during a rebalance would be passed over.

    Raises:
        StateLostError: no meta row, though the group has committed, so there was one.
        SourceLostError: the log ends before the state goes on; what is written there next would be taken for judged.
    """
    async with AIOKafkaConsumer(
        **client_options(settings), group_id=settings.application_id, enable_auto_commit=False
    ) as consumer:
        committed = await consumer.committed(source)
        end_offset = (await consumer.end_offsets([source]))[source]
    name = f"{source.topic}[{source.partition}]"
    if meta is not None:
        if meta.next_offset > end_offset:
            raise SourceLostError(name, end_offset, meta.next_offset)
        if committed != meta.next_offset:
            log.warning("%s: the group stands at %s, the state at %s, which wins", name, committed, meta.next_offset)
        return meta
    if committed is not None:
        raise StateLostError(
            f"{changelog}[{source.partition}] is empty, but {name} was committed up to {committed:,}: its state is "
            "lost. Restore the topic, or start over with a new SLO_APPLICATION_ID."
        )
    return Meta(await oldest_offset(settings, source), None, 0)


async def oldest_offset(settings: Settings, source: TopicPartition) -> int:
    """Offset of the oldest record that the log still holds."""
    async with AIOKafkaConsumer(**client_options(settings), enable_auto_commit=False) as consumer:
        offset: int = (await consumer.beginning_offsets([source]))[source]
        return offset
