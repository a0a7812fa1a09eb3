"""Restores a changelog partition and prints what that took.

`python -m tests.bench.restoring SERVERS CHANGELOG PARTITION`.
"""

import asyncio
import os
import sys
import time

import orjson

from streams.kafka.aiokafka_0_14_0 import install
from streams.memory import keep_memory_at_hand
from streams.settings import Settings
from streams.tables.changelog import restore
from tests.bench.usage import usage


async def measure(servers: str, changelog: str, partition: str) -> dict[str, float]:
    """Start-up of the process is left out, the connection is not."""
    started_s, before = time.monotonic(), usage(os.getpid())
    state = await restore(Settings(bootstrap_servers=servers), changelog, int(partition))
    ended_s, after = time.monotonic(), usage(os.getpid())
    return {
        "rows": len(state.series),
        "cpu_s": after.cpu_s - before.cpu_s,
        "wall_s": ended_s - started_s,
        "peak_mb": after.peak_mb,
    }


if __name__ == "__main__":
    keep_memory_at_hand()
    install()
    print(orjson.dumps(asyncio.run(measure(*sys.argv[1:]))).decode())
