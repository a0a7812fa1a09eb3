"""Standings on a real Kafka, PostgreSQL and mail server: told, published and taken back, whoever dies."""

import asyncio
from typing import Any

import orjson
import psycopg
import pytest

from schemas.standing import Standing
from tests.e2e.conftest import flow as flow
from tests.e2e.flow import SHORT_SESSION_S, Flow, WorkerProcess
from tests.incidents.test_service import command
from tests.model import Record
from tests.notifier.mail_server import mail_server
from tests.notifier.office import breach, recovery
from tests.notifier.test_service import now_ms, publish
from tests.notifier.test_service import start as start_notifier
from tests.waiting import wait_for

APP = "com.acme.charts"
HOUR_MS = 3_600_000


async def standings(flow: Flow) -> list[dict[str, Any]]:
    """What the topic has of the app, in order."""
    return [
        orjson.loads(record.value) for record in await flow.read(flow.topics.standing) if record.key == APP.encode()
    ]


@pytest.mark.timeout(400)
def test_three_episodes_are_remediation_and_an_exclusion_takes_that_back(flow: Flow, database: str) -> None:
    now = now_ms()
    alerts = [breach(at_ms=now - hours * HOUR_MS) for hours in (70, 40, 5)]
    second = now - 40 * HOUR_MS
    fault = {"id": "inc-7", "reason": "PLATFORM_FAULT", "start": second - 3_600_000, "end": second}

    async def is_listed() -> bool:
        with psycopg.connect(database) as connection:
            return connection.execute("select from slo.app").fetchone() is not None

    async def scenario() -> None:
        flow.session_s = SHORT_SESSION_S
        await flow.create_topics()
        async with mail_server() as server:
            history = flow.start_worker(command="history", SLO_DATABASE_URL=database, SLO_HISTORY_PORT="0")
            first = start_notifier(flow, database, server)
            await first.says("is the desk now")
            heir = start_notifier(flow, database, server)
            workers = [history, first, heir]
            await publish(flow, alerts[:1])
            await wait_for(is_listed, 120, "the catalogue", workers)
            await publish(flow, [alert for one in alerts for alert in (one, recovery(one))])

            async def stands_at(stage: str, reason: str) -> bool:
                document = await command(flow, database, "standing", APP, "--json")
                return (document["stage"], document["reason"]) == (stage, reason)

            async def is_mailed(moved: str, senders: list[WorkerProcess]) -> None:
                async def has_come() -> bool:
                    return any(subject.endswith(f": standing {moved}") for subject in server.subjects)

                await wait_for(has_come, 60, f"a mail of {moved}", senders)

            await wait_for(lambda: stands_at("REMEDIATION", "BREACH"), 120, "remediation", workers)
            await is_mailed("NOTIFIED -> REMEDIATION", workers)
            first.kill()
            await flow.produce([Record(flow.topics.exclusions, 0, b"inc-7", orjson.dumps(fault), now)])
            await wait_for(lambda: stands_at("NOTIFIED", "RETRACTED"), 120, "the retraction", workers[::2])
            await heir.says("is the desk now")

            async def is_published() -> bool:
                found = await standings(flow)
                return bool(found) and found[-1]["reason"] == "RETRACTED"

            await wait_for(is_published, 60, "it to be published", [heir])
            await is_mailed("REMEDIATION -> NOTIFIED", [heir])
            assert await heir.stop() == 0
            assert await history.stop() == 0
        found = await standings(flow)
        assert all(Standing.model_validate(one) for one in found)
        assert "REMEDIATION" in [one["stage"] for one in found]
        last = found[-1]
        assert (last["stage"], last["since"]) == ("NOTIFIED", alerts[0]["breachedAt"])
        assert [(one["incidentIds"], one["counts"], one["why"]) for one in last["episodes"]] == [
            ([alerts[0]["incidentId"]], True, None),
            ([alerts[1]["incidentId"]], False, "excluded: inc-7"),
            ([alerts[2]["incidentId"]], True, None),
        ]

    asyncio.run(scenario())
