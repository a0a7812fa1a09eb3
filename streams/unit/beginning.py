"""Where a partition is read from: where its state goes on, or the oldest record when nothing was ever committed."""

import logging
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.kafka.connection import client_options
from streams.names import name_of
from streams.settings import Settings
from streams.tables.changelog import StateLostError
from streams.tables.rows import Meta
from streams.unit.committed_position import CommittedPosition

log = logging.getLogger(__name__)


class SourceLostError(Exception):
    """The input topic holds less than was judged: it is not the one that the state was made from."""

    def __init__(self, name: str, end_offset: int, judged_offset: int) -> None:
        super().__init__(
            f"{name} ends at {end_offset:,}, but was judged up to {judged_offset:,}: it was deleted and created "
            "anew, or lost records. Start over with a new SLO_APPLICATION_ID, which reads it from its beginning."
        )


@dataclass(frozen=True, slots=True)
class PartitionOffsets:
    """What Kafka holds of a source partition: the first offset of its log and the one behind its last, and its mark."""

    source: TopicPartition
    oldest_offset: int
    end_offset: int
    mark: CommittedPosition

    @property
    def name(self) -> str:
        """As logs name it: slo.webhook.v1[3]."""
        return name_of(*self.source)


async def ask_offsets(settings: Settings, source: TopicPartition, changelog: str) -> PartitionOffsets:
    """To be asked after the transactional producer has started: from then on nobody else changes the mark.

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
    return PartitionOffsets(source, oldest, ends[source], CommittedPosition(committed, ends[rows]))


def beginning(standing: PartitionOffsets, changelog: str, meta: Meta | None) -> Meta:
    """The stored meta row, or one for a partition that is new; held against the offset of the consumer group.

    A new partition begins at its oldest record for certain: left to the consumer, records that were fetched and
    dropped during a rebalance would be passed over.

    Raises:
        StateLostError: no meta row, though the group has committed, so there was one.
        SourceLostError: the log ends before the state goes on; what is written there next would be taken for judged.
    """
    committed = standing.mark.committed
    if meta is None:
        if committed is not None:
            raise StateLostError(
                f"{name_of(changelog, standing.source.partition)} is empty, but {standing.name} was committed up to "
                f"{committed:,}: its state is lost. Restore the topic, or start over with a new SLO_APPLICATION_ID."
            )
        return Meta(standing.oldest_offset, None, 0)
    check_source(standing, meta.next_offset)
    if committed != meta.next_offset:
        log.warning(
            "%s: the group stands at %s, the state at %s, which wins", standing.name, committed, meta.next_offset
        )
    return meta


def check_source(standing: PartitionOffsets, next_offset: int) -> None:
    """Whether a log can be the one that was judged up to `next_offset`.

    Raises:
        SourceLostError: it ends before that.
    """
    if next_offset > standing.end_offset:
        raise SourceLostError(standing.name, standing.end_offset, next_offset)
