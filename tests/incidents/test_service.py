"""A platform fault over a dozen apps, on a real Kafka and a real PostgreSQL: seen, confirmed, approved, healed."""

import asyncio
import time
from typing import Any

import orjson
import psycopg
import pytest
from psycopg.rows import dict_row
from typer.testing import CliRunner

from schemas.event_time import utc_text
from streams.cli.app import app
from tests.e2e.conftest import flow as flow
from tests.e2e.flow import Flow
from tests.model import Record, murmur2_partition
from tests.model.build import LISTED
from tests.waiting import wait_for

APPS = [f"com.vendor-{number}.app" for number in range(12)]
MINUTE_MS = 60_000


def listed(flow: Flow, app_key: str, number: int) -> Record:
    body = {"appKey": app_key, **LISTED, "partnerName": f"Vendor {number}", "partnerId": f"vendor-{number}"}
    return placed(flow, flow.topics.apps, app_key, body, 1_700_000_000_000)


def delivery(flow: Flow, app_key: str, at_ms: int, *, is_good: bool) -> Record:
    body = {"appKey": app_key, "time": at_ms, "product": "Jira", "clientKey": "c", "event": "issue_created"}
    topic = next(topic for topic, metric in flow.topics.inputs.items() if metric.record == "webhook")
    return placed(flow, topic, app_key, body | {"statusCode": 204 if is_good else 503}, at_ms)


def placed(flow: Flow, topic: str, app_key: str, body: dict[str, Any], at_ms: int) -> Record:
    key = app_key.encode()
    return Record(topic, murmur2_partition(key, flow.partitions), key, orjson.dumps(body), at_ms)


async def command(flow: Flow, database: str, *arguments: str) -> Any:
    variables = {**flow.environment, "SLO_DATABASE_URL": database}
    result = await asyncio.to_thread(CliRunner().invoke, app, arguments, env=variables)
    assert result.exit_code == 0, result.output
    return orjson.loads(result.output) if "--json" in arguments else result.output


async def budgets(flow: Flow, database: str) -> list[dict[str, Any]]:
    return [(await command(flow, database, "budgets", app_key, "--json"))["items"][0] for app_key in APPS[:3]]


def candidate(database: str) -> dict[str, Any] | None:
    with psycopg.connect(database, row_factory=dict_row, options="-c search_path=slo") as connection:
        found = connection.execute("select id, record from incident where verdict = 'CANDIDATE'").fetchone()
        return None if found is None or found["record"]["appCount"] < len(APPS) else found


@pytest.mark.timeout(400)
def test_a_platform_fault_is_seen_confirmed_and_taken_out_of_every_budget(flow: Flow, database: str) -> None:
    this_minute = int(time.time()) // 60 * MINUTE_MS  # what is decided now is known to boundaries from now on

    async def scenario() -> None:
        await flow.create_topics()
        services = {"SLO_DATABASE_URL": database, "SLO_HISTORY_PORT": "0", "SLO_NOTIFIER_PORT": "0"}
        flow.start_worker()
        flow.start_worker(command="history", **services, SLO_HISTORY_FLUSH="200ms")
        flow.start_worker(command="notifier", **services)
        await flow.produce([listed(flow, app_key, number) for number, app_key in enumerate(APPS)])
        minutes = range(-60, 2)
        await flow.produce(
            [
                delivery(flow, app_key, this_minute + minute * MINUTE_MS + number * 1_000, is_good=minute < -10)
                for minute in minutes
                for number, app_key in enumerate(APPS)
            ]
        )
        await flow.produce(flow.closing_records(this_minute))

        async def is_found() -> bool:
            return candidate(database) is not None

        await wait_for(is_found, 120, "the candidate", flow.workers)
        found = candidate(database)
        assert found is not None
        record = found["record"]
        assert record["commonCause"] == {"kind": "product-metric", "name": "Jira/webhook-delivery-success-rate"}
        assert record["apps"] == sorted(APPS)
        assert {one["state"] for one in await budgets(flow, database)} == {"EXHAUSTED"}
        await command(flow, database, "incidents", "confirm", found["id"], "--fault", "PLATFORM")
        await command(flow, database, "incidents", "approve-exclusion", found["id"], "--why", "delivery was down")

        async def is_published() -> bool:
            return bool(await flow.read(flow.topics.exclusions))

        await wait_for(is_published, 60, "the exclusion to be published", flow.workers)
        await flow.produce(flow.closing_records(int(time.time() * 1_000) + 2 * MINUTE_MS))

        async def are_annulled() -> bool:
            alerts = [orjson.loads(one.value) for one in await flow.read(flow.topics.alerts)]
            return len([one for one in alerts if one["reason"] == "EXCLUDED"]) == len(APPS)

        await wait_for(are_annulled, 120, "the breaches to be annulled", flow.workers)
        assert {(one["badCount"], one["state"]) for one in await budgets(flow, database)} == {(0, "MET")}
        for worker in flow.workers:
            assert await worker.stop() == 0
        last = [orjson.loads(one.value) for one in await flow.read(flow.topics.incidents) if one.value][-1]
        assert (last["id"], last["exclusions"]) == (found["id"], [f"inc-{found['id']}"])
        assert (last["kind"], last["level"], last["severity"]) == ("OUTAGE", "MAJOR", "SEV2")
        assert last["start"] == utc_text(this_minute - 10 * MINUTE_MS)
        with psycopg.connect(database) as connection:
            stages = connection.execute("select distinct stage from slo.standing").fetchall()
            changes = connection.execute("select distinct stage, reason from slo.standing_change").fetchall()
        assert stages == [("CLEAR",)]
        assert ("CLEAR", "RETRACTED") in changes

    asyncio.run(scenario())
