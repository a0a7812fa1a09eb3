"""History on a real Kafka and a real PostgreSQL: what it judges, published once whatever dies."""

import asyncio
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest

from schemas.alert import Alert
from streams.history.publisher import NUMBER
from streams.kafka.groups import committed_offsets
from streams.names import METRICS
from streams.unit.failpoints import Step
from tests.e2e.conftest import flow as flow
from tests.e2e.flow import SHORT_SESSION_S, Flow, WorkerProcess
from tests.faults.groups import delete_group
from tests.history.test_service import start, wait_until_counted
from tests.model import Record
from tests.model.build import MIDNIGHT_MS, check, delivery
from tests.model.placement import murmur2_partition
from tests.waiting import wait_for

HOUR = 60

LEVELS = """
apiVersion: openslo/v1
kind: SLO
metadata:
  name: deliveries
  annotations: {slo-streams/budget-levels: "50,90"}
spec:
  service: marketplace-apps
  indicatorRef: webhook-delivery-success-rate
  timeWindow: [{duration: 28d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.99}]
"""


@pytest.fixture
def levels(tmp_path: Path) -> str:
    """What is judged: the shipped rules, and levels of a budget."""
    file = tmp_path / "levels.yaml"
    file.write_text(LEVELS)
    return f"default,burn-rate,{file}"


def at(minute: float) -> str:
    """So many minutes after the first midnight, as a clock time."""
    day, of_day = divmod(minute, 24 * HOUR)
    return f"+{int(day)}d {int(of_day // 60):02}:{of_day % 60:06.3f}".replace("+0d ", "")


def checks(start: int, end: int, failing: range = range(0)) -> list[Record]:
    """A health check in each minute of [start, end), those of `failing` without an answer."""
    return [check(at(minute + 0.5), None if minute in failing else 200) for minute in range(start, end)]


async def produce(flow: Flow, records: Iterable[Record], until: int) -> None:
    """Records, and what lets time go on to a minute."""
    placed = [one._replace(partition=murmur2_partition(one.key or b"", flow.partitions)) for one in records]
    await flow.produce(flow.place(placed))
    await flow.produce(flow.closing_records(MIDNIGHT_MS + until * 60_000 + flow.lateness_ms))


async def published(flow: Flow) -> list[Any]:
    """What readers of committed records see of history's alerts, in the order of their boundaries."""
    records = await flow.read(flow.topics.alerts)
    found = [record for record in records if dict(record.headers)["ce_source"] == b"slo-streams/history"]
    return sorted(
        found, key=lambda record: (orjson.loads(record.value)["time"], orjson.loads(record.value)["objective"])
    )


def lines(records: Iterable[Any]) -> list[str]:
    """Alerts of the health checks and of the levels in a line each."""
    alerts = [orjson.loads(record.value) for record in records]
    alerts = [one for one in alerts if not one["objective"].startswith("webhook-delivery/")]
    return [f"{one['time'][8:16]} {one['type']} {one['objective']} {one['badCount']}" for one in alerts]


def state(database: str) -> list[tuple[str, str]]:
    """What is not at rest, by the database."""
    with psycopg.connect(database) as connection:
        return connection.execute("select objective, app_key from slo.objective_state order by objective").fetchall()


async def judged_to_the_end(flow: Flow, database: str, service: WorkerProcess) -> None:
    await wait_until_counted(flow, database)
    assert await service.stop() == 0


@pytest.mark.timeout(240)
def test_a_long_outage_fires_and_a_budget_level_opens_and_closes(flow: Flow, database: str, levels: str) -> None:
    async def scenario() -> None:
        flow.partitions = 2
        await flow.create_topics()
        outage = range(26 * HOUR, 26 * HOUR + 10)
        deliveries = [delivery(at(minute), 500 if minute % 100 == 99 else 204) for minute in range(26 * HOUR)]
        burst = [delivery(at(26 * HOUR + i / 1_000)) for i in range(3_000)]
        await produce(flow, [*checks(0, 36 * HOUR, outage), *deliveries, *burst], 36 * HOUR)
        service = start(flow, database, SLO_OBJECTIVES=levels)
        await judged_to_the_end(flow, database, service)
        records = await published(flow)
        assert lines(records) == [
            # one of a hundred deliveries fails, and one in a hundred may
            "03T00:00 BREACH deliveries/budget-50 14",
            "03T00:00 BREACH deliveries/budget-90 14",
            "03T02:05 BREACH app-availability/burn-rate-1d 5",
            "03T02:05 BREACH app-availability/burn-rate-3d 5",
            "03T02:05 RECOVERY deliveries/budget-50 15",
            "03T02:05 RECOVERY deliveries/budget-90 15",
            "03T04:10 RECOVERY app-availability/burn-rate-1d 10",
            "03T08:10 RECOVERY app-availability/burn-rate-3d 10",
        ]
        for record in records:
            alert = Alert.model_validate_json(record.value)
            headers = dict(record.headers)
            assert headers["application"] == flow.application_id.encode()
            assert headers["ce_id"].decode() == f"{alert.incident_id}-{alert.type.lower()}"
            assert headers[NUMBER].decode().startswith(flow.topics.input(METRICS[alert.metric_id]))
        level = orjson.loads(next(record.value for record in records if b"deliveries/budget-90" in record.value))
        told = ("severity", "reason", "measurementDurationSeconds", "goodCount", "sliValue", "sloValue", "windowStart")
        assert [level[name] for name in told] == [
            "ticket", "BELOW_OBJECTIVE", 28 * 86_400, 1426, 100 * 1426 / 1440, 99.1, "2026-02-03T00:00:00Z"
        ]  # fmt: skip
        shown = {record.key: orjson.loads(record.value)["type"] for record in await flow.read(flow.topics.alert_state)}
        assert set(shown.values()) == {"RECOVERY"}
        assert len(shown) == len({orjson.loads(record.value)["objective"] for record in records})
        assert state(database) == []

    asyncio.run(scenario())


@pytest.mark.timeout(240)
def test_each_alert_is_published_once_wherever_history_dies(flow: Flow, database: str, levels: str) -> None:
    phases = [
        (checks(0, 26 * HOUR + 20, range(26 * HOUR, 26 * HOUR + 10)), 26 * HOUR + 20),  # both rules breach
        (checks(26 * HOUR + 20, 29 * HOUR), 29 * HOUR),  # one recovers
        (checks(29 * HOUR, 33 * HOUR), 33 * HOUR),  # the other, too
        (checks(33 * HOUR, 34 * HOUR, range(33 * HOUR, 33 * HOUR + 10)), 34 * HOUR),
    ]

    async def scenario() -> None:
        flow.session_s, flow.partitions = SHORT_SESSION_S, 1
        await flow.create_topics()
        for step, (records, until) in zip(Step, phases, strict=True):
            await produce(flow, records, until)
            dying = start(flow, database, SLO_OBJECTIVES=levels, SLO_FAIL=step)
            assert await dying.end() == -9
        service = start(flow, database, SLO_OBJECTIVES=levels)
        await judged_to_the_end(flow, database, service)
        assert lines(await published(flow)) == [
            "03T02:05 BREACH app-availability/burn-rate-1d 5",
            "03T02:05 BREACH app-availability/burn-rate-3d 5",
            "03T04:10 RECOVERY app-availability/burn-rate-1d 10",
            "03T08:10 RECOVERY app-availability/burn-rate-3d 10",
            "03T09:05 BREACH app-availability/burn-rate-1d 15",
            "03T09:05 BREACH app-availability/burn-rate-3d 15",
        ]
        assert [objective for objective, _ in state(database)] == [
            "app-availability/burn-rate-1d",
            "app-availability/burn-rate-3d",
        ]

    asyncio.run(scenario())


@pytest.mark.timeout(240)
def test_what_was_published_stands_after_a_backup_was_restored(flow: Flow, database: str, levels: str) -> None:
    """The backup is from before the breach: the database forgets what Kafka has, and the broker how far it got."""

    async def scenario() -> None:
        flow.session_s, flow.partitions = SHORT_SESSION_S, 1
        await flow.create_topics()
        await produce(flow, checks(0, 26 * HOUR + 20, range(26 * HOUR, 26 * HOUR + 10)), 26 * HOUR + 20)
        await judged_to_the_end(flow, database, start(flow, database, SLO_OBJECTIVES=levels))
        before = await published(flow)
        assert len(before) == 2
        with psycopg.connect(database) as connection:
            counted = "sink_offset, series, day_counts, latency, day_sum, recent"
            tables = f"{counted}, judgement, objective_state, alert_outbox, alert"
            connection.execute(f"truncate {', '.join('slo.' + name for name in tables.split(', '))}")
        group = f"{flow.application_id}-history-outbox"
        async with flow.admin() as admin:
            numbers = await committed_offsets(admin, group)
            await delete_group(admin, group)
        await judged_to_the_end(flow, database, start(flow, database, SLO_OBJECTIVES=levels))
        assert [one.offset for one in await published(flow)] == [one.offset for one in before]
        assert len(state(database)) == 2
        async with flow.admin() as admin:
            assert await committed_offsets(admin, group) == numbers
        await produce(flow, checks(26 * HOUR + 20, 33 * HOUR), 33 * HOUR)
        await judged_to_the_end(flow, database, start(flow, database, SLO_OBJECTIVES=levels))
        assert lines(await published(flow))[2:] == [
            "03T04:10 RECOVERY app-availability/burn-rate-1d 10",
            "03T08:10 RECOVERY app-availability/burn-rate-3d 10",
        ]

    asyncio.run(scenario())


@pytest.mark.timeout(240)
@pytest.mark.parametrize("has_counted", [True, False])
def test_history_goes_on_with_a_breach_that_a_worker_has_left_open(
    flow: Flow, database: str, tmp_path: Path, *, has_counted: bool
) -> None:
    """Who has not counted before reads all that the worker has judged, and tells none of it again."""
    shipped = Path(str(files("streams.objectives"))).joinpath("burn-rate.yaml").read_text()
    by_history = tmp_path / "by-history.yaml"
    by_history.write_text(shipped.replace("judged-by: worker", "judged-by: history"))

    async def alerts_of(objective: str) -> list[tuple[str, str, str]]:
        told = [orjson.loads(record.value) for record in await flow.read(flow.topics.alerts)]
        return [(one["type"], one["incidentId"], one["time"][8:16]) for one in told if one["objective"] == objective]

    async def is_open() -> bool:
        return bool(await alerts_of("app-availability/burn-rate-1h"))

    async def scenario() -> None:
        flow.partitions = 2
        await flow.create_topics()
        outage = range(26 * HOUR, 26 * HOUR + 10)
        worker = flow.start_worker(SLO_OBJECTIVES="default,burn-rate")
        await produce(flow, checks(25 * HOUR, 26 * HOUR + 9, outage), 26 * HOUR + 9)
        await wait_for(is_open, 120, "the worker to tell of the outage", flow.workers)
        assert await worker.stop() == 0
        if has_counted:
            counting = start(flow, database, SLO_OBJECTIVES="default,burn-rate")
            await judged_to_the_end(flow, database, counting)
        await produce(flow, checks(26 * HOUR + 9, 29 * HOUR, outage), 29 * HOUR)
        service = start(flow, database, SLO_OBJECTIVES=f"default,{by_history}")
        await judged_to_the_end(flow, database, service)
        told = await alerts_of("app-availability/burn-rate-1h")
        assert [kind for kind, _, _ in told] == ["BREACH", "RECOVERY"], told
        assert len({incident for _, incident, _ in told}) == 1
        assert "app-availability/burn-rate-1h" not in dict(state(database))

    asyncio.run(scenario())
