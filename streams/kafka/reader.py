"""Reading topics beside the workers: committed records, in no group, so that nobody's work is disturbed."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.kafka.cluster import partitions_of
from streams.kafka.connection import client_options
from streams.settings import Settings


@asynccontextmanager
async def topic_reader(
    settings: Settings, *topics: str
) -> AsyncIterator[tuple[AIOKafkaConsumer, list[TopicPartition]]]:
    """A started consumer, and the partitions of the topics for it to be assigned.

    Raises:
        MissingTopicError: nobody has created one of the topics yet.
        KafkaError: no broker could be reached.
    """
    partitions = await partitions_of(settings, topics)
    consumer = AIOKafkaConsumer(
        **client_options(settings), isolation_level="read_committed", enable_auto_commit=False, group_id=None
    )
    try:
        await consumer.start()
        yield consumer, partitions
    finally:
        await consumer.stop()


async def read_to_end(
    consumer: AIOKafkaConsumer, tps: Sequence[TopicPartition], since_ms: int | None = None
) -> AsyncIterator[Any]:
    """The committed records of a topic to where it ends now, one partition after the other.

    From the first one kept, or from the first with a timestamp at `since_ms` or after it. The consumer can go on from
    there.

    Raises:
        KafkaError: the brokers do not answer.
    """
    ends = await consumer.end_offsets(tps)
    consumer.assign(tps)
    await consumer.seek_to_beginning(*tps)
    if since_ms is not None:
        for tp, found in (await consumer.offsets_for_times(dict.fromkeys(tps, since_ms))).items():
            consumer.seek(tp, ends[tp] if found is None else found.offset)
    for tp in tps:
        # By position, not by the last record: a partition may end in transaction markers, which are never delivered.
        while await consumer.position(tp) < ends[tp]:
            for record in (await consumer.getmany(tp, timeout_ms=500)).get(tp, []):
                yield record
