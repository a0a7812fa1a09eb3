"""Three brokers, restarted one after the other: every acknowledged record stays."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streams.broker import EmbeddedKafka
from tests.kafka_cluster import bootstrap_servers, kafka_cluster
from tests.kafka_fixture import Kafka


@pytest.mark.timeout(240)
def test_a_rolling_restart_loses_no_acknowledged_record(tmp_path: Path) -> None:
    finished = threading.Event()
    # The brokers stay with the main thread, which they would end with; the producer goes on beside it.
    with kafka_cluster(tmp_path) as brokers, ThreadPoolExecutor(1) as pool:
        servers = bootstrap_servers(brokers)
        asyncio.run(Kafka(servers).create_topic("kept", replicas=len(brokers)))
        producing = pool.submit(lambda: asyncio.run(_produce(servers, finished)))
        try:
            for broker, end in zip(brokers, [EmbeddedKafka.stop, EmbeddedKafka.kill, EmbeddedKafka.stop], strict=True):
                end(broker)
                broker.start()
        finally:
            finished.set()
        acknowledged = producing.result()
        assert acknowledged
        assert asyncio.run(_values(servers)) == acknowledged


async def _produce(servers: str, finished: threading.Event) -> list[bytes]:
    acknowledged: list[bytes] = []
    async with AIOKafkaProducer(bootstrap_servers=servers, acks="all", enable_idempotence=True) as producer:
        while not finished.is_set():
            value = b"%d" % len(acknowledged)
            await producer.send_and_wait("kept", value)
            acknowledged.append(value)
    return acknowledged


async def _values(servers: str) -> list[bytes]:
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        partition = TopicPartition("kept", 0)
        consumer.assign([partition])
        end = (await consumer.end_offsets([partition]))[partition]
        values: list[bytes] = []
        while await consumer.position(partition) < end:
            batch = await consumer.getmany(timeout_ms=1000)
            values += [record.value for record in batch.get(partition, [])]
        return values
    finally:
        await consumer.stop()
