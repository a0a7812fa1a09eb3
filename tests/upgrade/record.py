"""`python -m tests.upgrade.record`: what an older version leaves in a database, and the events that it came from.

For a version that is no longer run: its golden bytes are upgraded by each test run from then on.
"""

import asyncio
import gzip
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import orjson

from streams.broker import EmbeddedKafka
from streams.database.embedded import EmbeddedPostgres
from tests.database_fixture import FAST
from tests.e2e.flow import Flow
from tests.history.test_backup import run
from tests.history.test_service import wait_until_counted
from tests.model import Record
from tests.model.generate import random_log
from tests.notifier.channels.receivers import WebhookReceiver
from tests.prober.servers import serving
from tests.upgrade.installation import Installation
from tests.upgrade.older import older_product
from tests.waiting import wait_for

GOLDEN: Final = Path(__file__).parent / "golden"
DUMP: Final = GOLDEN / "twenty-migrations.dump"
EVENTS: Final = GOLDEN / "twenty-migrations.ndjson.gz"
APPLICATION: Final = "golden.app"
PREFIX: Final = "golden."
PARTITIONS: Final = 4
_RECORDS: Final = 1_500


async def _record(flow: Flow, url: str, path: Path) -> None:
    receiver = WebhookReceiver()
    await flow.create_topics()
    async with serving(receiver.handle) as receiver_url:
        old = Installation(flow, url, receiver_url, path)
        old.run("database", "migrate")
        old.run("dashboard", "token", "add", "reports", "--platform")
        services = [old.start(name) for name in ("worker", "history", "notifier")]
        log = random_log(7, _RECORDS, partitions=flow.partitions)
        await flow.produce(flow.place(log))
        await flow.produce(flow.closing_records(max(one.timestamp_ms or 0 for one in log) + 300_000))
        await flow.wait_until_read()
        await wait_until_counted(flow, url)
        published = sum(map(len, (await flow.alerts()).values()))

        async def all_told() -> bool:
            return len(receiver.ids) >= published

        await wait_for(all_told, 120, "every alert to be told", flow.workers)
        for service in services:
            assert await service.stop() == 0
    EVENTS.write_bytes(gzip.compress(b"\n".join(map(_line, [one for _, one in await flow.input_log()])), mtime=0))


def _line(record: Record) -> bytes:
    key, value = (None if raw is None else raw.decode("latin-1") for raw in (record.key, record.value))
    headers = [(name, None if raw is None else raw.decode("latin-1")) for name, raw in record.headers]
    return orjson.dumps([record.topic, record.partition, key, value, record.timestamp_ms, headers])


def recorded_events() -> list[Record]:
    """The input log, in the order of each partition."""
    found = []
    for line in gzip.decompress(EVENTS.read_bytes()).splitlines():
        topic, partition, key, value, timestamp_ms, headers = orjson.loads(line)
        raw = [None if text is None else text.encode("latin-1") for text in (key, value)]
        marks = tuple((name, None if text is None else text.encode("latin-1")) for name, text in headers)
        found.append(Record(topic, partition, raw[0], raw[1], timestamp_ms, marks))
    return found


def main() -> int:
    """Write both files anew."""
    with TemporaryDirectory() as name, EmbeddedKafka(data_dir=Path(name, "kafka")) as kafka:
        folder = Path(name)
        path = older_product(folder / "older")
        with EmbeddedPostgres(folder / "postgres", overrides=FAST) as server:
            flow = Flow(kafka.bootstrap_servers, PREFIX, folder, partitions=PARTITIONS)
            try:
                asyncio.run(_record(flow, server.url, path))
            finally:
                flow.stop()
            GOLDEN.mkdir(exist_ok=True)
            run("pg_dump", "--format=custom", "--compress=9", f"--file={DUMP}", server.url)
    return 0


if __name__ == "__main__":
    sys.exit(main())
