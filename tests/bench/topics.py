"""What lies on topics: ends, and committed records."""

from collections.abc import AsyncIterator

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

Offsets = dict[TopicPartition, int]


async def create_topic(servers: str, topic: str, partitions: int, **configs: str) -> None:
    """A new topic of one replica."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, partitions, 1, topic_configs=configs)])
    finally:
        await admin.close()


async def ends(servers: str, topic: str, partitions: int) -> Offsets:
    """The offset after the last record or marker of every partition."""
    consumer = AIOKafkaConsumer(bootstrap_servers=servers)
    await consumer.start()
    try:
        found: Offsets = await consumer.end_offsets([TopicPartition(topic, number) for number in range(partitions)])
        return found
    finally:
        await consumer.stop()


async def committed_values(servers: str, topic: str, partitions: int) -> AsyncIterator[bytes]:
    """The values of all committed records, in the order of each partition."""
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, isolation_level="read_committed", enable_auto_commit=False)
    await consumer.start()
    try:
        tps = [TopicPartition(topic, number) for number in range(partitions)]
        consumer.assign(tps)
        await consumer.seek_to_beginning(*tps)
        at_end = await consumer.end_offsets(tps)
        while any([await consumer.position(tp) < at_end[tp] for tp in tps]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    yield record.value
    finally:
        await consumer.stop()
