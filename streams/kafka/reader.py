"""Reading a topic beside the workers: committed records, in no group, so that nobody's work is disturbed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.kafka.cluster import find_topic
from streams.kafka.connection import client_options
from streams.settings import Settings


@asynccontextmanager
async def topic_reader(settings: Settings, topic: str) -> AsyncIterator[tuple[AIOKafkaConsumer, list[TopicPartition]]]:
    """A started consumer, and the topic's partitions for it to be assigned.

    Raises:
        MissingTopicError: nobody has created the topic yet.
        KafkaError: no broker could be reached.
    """
    partitions = (await find_topic(settings, topic)).partitions
    consumer = AIOKafkaConsumer(
        **client_options(settings), isolation_level="read_committed", enable_auto_commit=False, group_id=None
    )
    try:
        await consumer.start()
        yield consumer, [TopicPartition(topic, partition) for partition in range(partitions)]
    finally:
        await consumer.stop()
