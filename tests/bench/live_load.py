"""Events at a constant rate: `python -m tests.bench.live_load SERVERS PREFIX PARTITIONS RATE APPS SICK SECONDS`.

In a process of its own, so that its CPU time is nobody's. Each event happens when it is sent, and every topic gets its
share. So many apps are sick: all their events are bad, so that a known number of breaches comes of them.
"""

import asyncio
import logging
import random
import sys
import time
from functools import cache
from typing import Final

import orjson
from aiokafka import AIOKafkaProducer

from streams.kafka.placement import partition_of
from streams.names import METRICS, Topics
from streams.settings import PartitionerName
from tests.bench.load import fields_of

TICK_S: Final = 0.1


class Feed:
    """Produces what is due since the last tick."""

    def __init__(self, producer: AIOKafkaProducer, prefix: str, partitions: int, apps: int, sick: int) -> None:
        self._producer = producer
        self._topics = {metric: Topics(prefix).input(metric) for metric in METRICS.values()}
        self._partitions = partitions
        self._apps = [f"com.example.app-{number}" for number in range(apps)]
        self._sick = frozenset(self._apps[:sick])
        self._chance = random.Random(7)
        self._place = cache(lambda key: partition_of(key, partitions, PartitionerName.MURMUR2))

    async def send(self, count: int) -> None:
        """So many events, in a batch for each partition."""
        chance, sent = self._chance, []
        for place, (metric, topic) in enumerate(self._topics.items()):
            batches = [self._producer.create_batch() for _ in range(self._partitions)]
            for _ in range(count * (place + 1) // len(self._topics) - count * place // len(self._topics)):
                app = chance.choice(self._apps)
                now_ms = time.time_ns() // 1_000_000
                event = {"appKey": app, "time": now_ms} | fields_of(metric, chance, is_good=app not in self._sick)
                key = app.encode()
                partition, value = self._place(key), orjson.dumps(event)
                if batches[partition].append(key=key, value=value, timestamp=now_ms) is None:  # a tick came late
                    sent.append(await self._producer.send_batch(batches[partition], topic, partition=partition))
                    batches[partition] = self._producer.create_batch()
                    batches[partition].append(key=key, value=value, timestamp=now_ms)
            for partition, batch in enumerate(batches):
                if batch.record_count():
                    sent.append(await self._producer.send_batch(batch, topic, partition=partition))
        await asyncio.gather(*sent)


async def feed(servers: str, prefix: str, partitions: int, rate: int, apps: int, sick: int, seconds: float) -> None:
    """Keep the rate, also where a tick came late."""
    async with AIOKafkaProducer(
        bootstrap_servers=servers, enable_idempotence=True, max_batch_size=1 << 20, compression_type="lz4"
    ) as producer:
        feed = Feed(producer, prefix, partitions, apps, sick)
        sent, started_s = 0, time.monotonic()
        while (passed_s := time.monotonic() - started_s) < seconds:
            due = int(rate * passed_s)
            await feed.send(due - sent)
            sent = due
            await asyncio.sleep(max(0.0, started_s + passed_s + TICK_S - time.monotonic()))


if __name__ == "__main__":
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it warns of every new topic that has no leader yet
    servers, prefix, *numbers = sys.argv[1:]
    asyncio.run(feed(servers, prefix, *map(int, numbers)))
