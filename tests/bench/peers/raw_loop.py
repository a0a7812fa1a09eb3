"""The limits: the loop one would write by hand, without windows, checks or exactly once.

`python -m tests.bench.peers.raw_loop SERVERS TOPIC OUTPUT COUNT FOLDER fetch|count|check`: only fetch, or fetch, parse
and count by appKey, minute and outcome. To check the counts, they become windows after the end of work, which is no
part of the limit.
"""

import asyncio
import sys
from collections import Counter

import orjson
from aiokafka import AIOKafkaProducer

from streams.memory import keep_memory_at_hand
from tests.bench.peers.protocol import Progress, done
from tests.bench.peers.reader import reader_of

_FETCH_BYTES = 4 * 1024 * 1024  # as the worker
_PANE_MS, _PANES = 60_000, 15


async def loop(servers: str, topic: str, output: str, count: str, _folder: str, mode: str) -> None:
    """Read `count` records from the beginning."""
    counts: Counter[tuple[str, int, bool]] = Counter()
    progress = Progress(int(count))
    async with reader_of(servers, topic, _FETCH_BYTES) as consumer:
        while not progress.is_complete:
            for records in (await consumer.getmany(timeout_ms=1_000)).values():
                progress.add(len(records))
                if mode != "fetch":
                    for record in records:
                        event = orjson.loads(record.value)
                        counts[event["appKey"], event["time"] // _PANE_MS, event["statusCode"] == 200] += 1
        done()
    if mode == "check":
        await _send(servers, output, counts)


async def _send(servers: str, output: str, counts: Counter[tuple[str, int, bool]]) -> None:
    windows: dict[tuple[str, int], list[int]] = {}
    for (app, pane, is_good), events in counts.items():
        for end in range(pane + 1, pane + 1 + _PANES):
            windows.setdefault((app, end), [0, 0])[not is_good] += events
    producer = AIOKafkaProducer(bootstrap_servers=servers)
    await producer.start()
    for (app, end), (good, bad) in windows.items():
        value = {"appKey": app, "windowEnd": end * _PANE_MS, "good": good, "bad": bad}
        await producer.send(output, orjson.dumps(value), key=app.encode())
    await producer.stop()


if __name__ == "__main__":
    keep_memory_at_hand()
    asyncio.run(loop(*sys.argv[1:]))
