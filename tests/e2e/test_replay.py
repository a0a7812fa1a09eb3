"""Replay and worker are the same engine: what a worker published, a replay of the exported topics gives, too."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson

from streams.evaluation.objective import Judge
from streams.intake.marks import REROUTED_FROM
from streams.names import METRICS
from streams.objectives import read_objectives
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
        timeout=240,
    ).stdout


def lies_where_it_belongs(flow: Flow, record: Record) -> bool:
    """One that does not counts for the worker where its copy lands, maybe later; for a replay where it lies."""
    if record.header(REROUTED_FROM) is not None:
        return False
    event = read(record, flow.topics.inputs[record.topic])
    return isinstance(event, Rejection) or not is_misplaced(record, event.app_key, flow.partitions, murmur2_partition)


async def produce(flow: Flow, seed: int, end_ms: int) -> None:
    await flow.create_topics()
    log = flow.place(random_log(seed, 2_000, partitions=flow.partitions))
    await flow.produce([record for record in log if lies_where_it_belongs(flow, record)])
    await flow.produce(flow.closing_records(end_ms))


async def replayed(flow: Flow, log: Path, until_ms: int, *options: str) -> list[dict[str, Any]]:
    """The alerts of a replay of what lies on the topics."""
    await asyncio.to_thread(lambda: log.write_bytes(command(flow, "export")))
    options = (str(log), "--until", str(until_ms), "--partitions", str(flow.partitions), *options)
    lines = await asyncio.to_thread(command, flow, "replay", *options)
    return [orjson.loads(line) for line in lines.splitlines()]


END_MS = START_MS + 40 * HOUR_MS


def test_replay_gives_the_alerts_that_the_worker_published(flow: Flow, tmp_path: Path) -> None:
    async def scenario() -> None:
        await produce(flow, 3, END_MS)
        flow.start_worker()
        await flow.wait_until_read()
        published = (await flow.check()).all_alerts
        assert {alert["metricId"] for alert in published} == set(METRICS)
        found = await replayed(flow, tmp_path / "log.ndjson", END_MS - flow.lateness_ms)
        assert in_order(found) == in_order(published)

    asyncio.run(scenario())


def test_so_it_does_with_burn_rates_of_which_the_worker_judges_a_part(flow: Flow, tmp_path: Path) -> None:
    both = "default,burn-rate"

    async def scenario() -> None:
        await produce(flow, 4, END_MS)
        worker = flow.start_worker(SLO_OBJECTIVES=both)
        await flow.wait_until_read()
        assert "left to history (slo-streams history): app-availability/burn-rate-1d, " in worker.log
        published = [alert for alerts in (await flow.alerts()).values() for alert in alerts]
        found = await replayed(flow, tmp_path / "log.ndjson", END_MS - flow.lateness_ms, "--objectives", both)
        left = {objective.name for objective in read_objectives(both).of(Judge.HISTORY)}
        assert in_order([alert for alert in found if alert["objective"] not in left]) == in_order(published)
        assert {"webhook-delivery/burn-rate-1h", "webhook-delivery-15m"} <= {it["objective"] for it in published}
        assert {"page"} == {alert["severity"] for alert in published}
        assert any(alert["objective"] in left and alert["severity"] == "ticket" for alert in found)

    asyncio.run(scenario())
