"""The job in stock Faust: `python -m tests.bench.peers.faust_tables SERVERS TOPIC OUTPUT COUNT FOLDER`.

One agent, two hopping tables in memory with changelogs, at least once. What the tables hold at the end is sent to the
output after the end of work: it is the check, and no part of the job.
"""

import os
import sys
from typing import Any

import faust
import orjson
from aiokafka import AIOKafkaProducer

from tests.bench.peers.protocol import Progress, done

LENGTH_S, HOP_S = 900.0, 60.0


class Event(faust.Record, serializer="json"):
    """What is needed of a delivery."""

    appKey: str  # noqa: N815  the wire's name
    time: int
    statusCode: int | None = None  # noqa: N815


def main(servers: str, topic: str, output: str, count: str, folder: str) -> None:
    """Read `count` events and end."""
    progress = Progress(int(count))
    app = faust.App(
        output,
        broker=f"kafka://{servers}",
        store="memory://",
        datadir=folder,
        topic_partitions=4,
        topic_replication_factor=1,
        consumer_auto_offset_reset="earliest",
        web_enabled=False,
    )
    events = app.topic(topic, value_type=Event, key_type=str, key_serializer="raw")

    def hopping(name: str) -> Any:
        windowed: Any = app.Table(name, default=int).hopping(LENGTH_S, HOP_S)
        return windowed.relative_to(lambda event: event.value.time / 1_000)

    tables = {"good": hopping("good"), "bad": hopping("bad")}

    @app.agent(events)
    async def deliveries(stream: Any) -> None:
        async for event in stream:
            tables["good" if event.statusCode in (200, 204) else "bad"][event.appKey] += 1
            progress.add()
            if progress.is_complete:
                await app.producer.flush()
                done()
                await _send(servers, output, tables)
                os._exit(0)  # it would wait for more

    worker = faust.Worker(app, loglevel="ERROR", redirect_stdouts=False)
    worker.execute_from_commandline()


async def _send(servers: str, output: str, tables: dict[str, Any]) -> None:
    counts: dict[tuple[str, int], dict[str, int]] = {}
    for outcome, table in tables.items():
        for (app, (start_s, _)), value in table.table.data.items():
            counts.setdefault((app, round((start_s + LENGTH_S) * 1_000)), {"good": 0, "bad": 0})[outcome] = value
    producer = AIOKafkaProducer(bootstrap_servers=servers)
    await producer.start()
    for (app, end_ms), both in counts.items():
        await producer.send(output, orjson.dumps({"appKey": app, "windowEnd": end_ms, **both}), key=app.encode())
    await producer.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
