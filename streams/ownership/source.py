"""The log that a partition is read from: whether it is still the one that was judged."""

from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.exits import START_OVER, RefusalError
from streams.kafka.connection import client_options
from streams.names import name_of
from streams.settings import Settings


class SourceLostError(RefusalError):
    """The input topic holds less than was judged: it is not the one that the state was made from."""

    def __init__(self, name: str, end_offset: int, judged_offset: int) -> None:
        super().__init__(
            f"{name} ends at {end_offset:,}, but was judged up to {judged_offset:,}: it was deleted and created "
            f"anew, or lost records. Restore it, or {START_OVER}."
        )


@dataclass(frozen=True, slots=True)
class SourceOffsets:
    """A source partition as Kafka holds it: the first offset of its log, and the one behind its last."""

    tp: TopicPartition
    oldest_offset: int
    end_offset: int

    @property
    def name(self) -> str:
        """Name of the partition in logs: slo.webhook.v1[3]."""
        return name_of(*self.tp)

    def check(self, next_offset: int) -> None:
        """Whether this log can be the one that was judged up to `next_offset`.

        Raises:
            SourceLostError: it ends before that; what is written there next would be taken for judged.
        """
        if next_offset > self.end_offset:
            raise SourceLostError(self.name, self.end_offset, next_offset)


async def ask_source(settings: Settings, tp: TopicPartition) -> SourceOffsets:
    """How a partition stands in Kafka right now.

    Raises:
        KafkaError: the brokers do not answer.
    """
    consumer = AIOKafkaConsumer(**client_options(settings), enable_auto_commit=False)
    try:
        await consumer.start()
        ends = await consumer.end_offsets([tp])
        oldest = await consumer.beginning_offsets([tp])
    finally:
        await consumer.stop()
    return SourceOffsets(tp, oldest[tp], ends[tp])
