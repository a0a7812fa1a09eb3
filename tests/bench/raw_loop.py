"""The loop one would write by hand: fetch, parse, count. No windows, no checks, no exactly once.

`python -m tests.bench.raw_loop SERVERS TOPIC OFFSETS COUNT` prints what counting `COUNT` events took; `OFFSETS` says
where each partition starts, with commas between.
"""

import asyncio
import gc
import os
import sys
import time
from collections import Counter

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.worker import YOUNG_OBJECTS
from tests.bench.usage import usage

_FETCH_BYTES = 2 * 1024 * 1024  # as the worker


async def count(servers: str, topic: str, first_offsets: list[int], expected: int) -> dict[str, float]:
    """Events per appKey, minute and outcome; start-up is left out."""
    counts: Counter[tuple[str, int, bool]] = Counter()
    consumer = AIOKafkaConsumer(
        bootstrap_servers=servers, enable_auto_commit=False, max_partition_fetch_bytes=_FETCH_BYTES
    )
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(len(first_offsets))]
        consumer.assign(partitions)
        for partition, offset in zip(partitions, first_offsets, strict=True):
            consumer.seek(partition, offset)
        started_s, before = time.monotonic(), usage(os.getpid())
        seen = 0
        while seen < expected:
            for records in (await consumer.getmany(timeout_ms=1_000)).values():
                seen += len(records)
                for record in records:
                    event = orjson.loads(record.value)
                    counts[event["appKey"], event["time"] // 60_000, event["statusCode"] == 200] += 1
        after = usage(os.getpid())
        return {
            "events": counts.total(),
            "cpu_s": after.cpu_s - before.cpu_s,
            "wall_s": time.monotonic() - started_s,
            "peak_mb": after.peak_mb,
        }
    finally:
        await consumer.stop()


if __name__ == "__main__":
    gc.set_threshold(YOUNG_OBJECTS)
    servers, topic, offsets, expected = sys.argv[1:]
    print(orjson.dumps(asyncio.run(count(servers, topic, [*map(int, offsets.split(","))], int(expected)))).decode())
