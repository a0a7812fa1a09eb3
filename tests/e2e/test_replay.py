"""Replay and worker are the same engine: what a worker published, a replay of the exported topics gives, too."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson

from streams.intake.marks import REROUTED_FROM
from streams.names import METRICS
from tests.e2e.flow import Flow
from tests.model import Record
from tests.model.generate import HOUR_MS, START_MS, random_log
from tests.model.placement import is_misplaced, murmur2_partition
from tests.model.reading import Rejection, read


def in_order(alerts: list[dict[str, Any]]) -> list[bytes]:
    return sorted(orjson.dumps(alert, option=orjson.OPT_SORT_KEYS) for alert in alerts)


def command(flow: Flow, *arguments: str) -> bytes:
    """What a command writes to standard output."""
    return subprocess.run(
        [sys.executable, "-m", "streams.cli", *arguments],
        env={**os.environ, **flow.environment},
        stdout=subprocess.PIPE,
        check=True,
        timeout=60,
    ).stdout


def test_replay_gives_the_alerts_that_the_worker_published(flow: Flow, tmp_path: Path) -> None:
    async def scenario() -> None:
        await flow.create_topics()
        log = flow.place(random_log(3, 2_000, partitions=flow.partitions))
        end_ms = START_MS + 40 * HOUR_MS
        await flow.produce([record for record in log if lies_where_it_belongs(record)])
        await flow.produce(flow.closing_records(end_ms))
        flow.start_worker()
        await flow.wait_until_read()
        published = (await flow.check()).all_alerts
        assert {alert["metricId"] for alert in published} == set(METRICS)

        exported = tmp_path / "log.ndjson"
        exported.write_bytes(await asyncio.to_thread(command, flow, "export"))
        until_ms = end_ms - flow.lateness_ms
        options = (str(exported), "--until", str(until_ms), "--partitions", str(flow.partitions))
        replayed = await asyncio.to_thread(command, flow, "replay", *options)
        assert in_order([orjson.loads(line) for line in replayed.splitlines()]) == in_order(published)

    def lies_where_it_belongs(record: Record) -> bool:
        """One that does not counts for the worker where its copy lands, maybe later; for a replay where it lies."""
        if record.header(REROUTED_FROM) is not None:
            return False
        event = read(record, flow.topics.inputs[record.topic])
        return isinstance(event, Rejection) or not is_misplaced(
            record, event.app_key, flow.partitions, murmur2_partition
        )

    asyncio.run(scenario())
