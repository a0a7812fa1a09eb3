"""The limit of the worker's own way to read: its transport and its decoder, and one addition in one dict.

`python -m tests.bench.peers.chunk_loop SERVERS TOPIC OUTPUT COUNT FOLDER`: no key is checked, no window kept, nothing
stored. Whatever a worker does for an event comes on top.
"""

import asyncio
import sys
from collections import Counter

from schemas.topics import EVENTS
from schemas.wire import EventDecoder
from streams.kafka.aiokafka_0_14_0 import install
from streams.kafka.chunked_records import AS_CHUNKS
from streams.kafka.transport import FETCH_BYTES
from streams.memory import keep_memory_at_hand
from streams.names import WEBHOOK
from tests.bench.peers.protocol import Progress, done
from tests.bench.peers.reader import reader_of


async def loop(servers: str, topic: str, _output: str, count: str, _folder: str) -> None:
    """Read `count` records from the beginning."""
    by_app: Counter[str] = Counter()
    decoder = EventDecoder(EVENTS[WEBHOOK.record])
    progress = Progress(int(count))
    install()
    async with reader_of(servers, topic, FETCH_BYTES, value_deserializer=AS_CHUNKS) as consumer:
        while not progress.is_complete:
            for chunks in (await consumer.getmany(timeout_ms=1_000)).values():
                for chunk in chunks:
                    for records in chunk.slices():
                        for event in decoder.decode([record.value or b"" for record in records]):
                            by_app[event.app_key] += 1
                        progress.add(len(records))
        done()


if __name__ == "__main__":
    keep_memory_at_hand()
    asyncio.run(loop(*sys.argv[1:]))
