"""A real Alertmanager is told of a breach, forgets it by a crash, is told again, and of the recovery."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from streams.notifier.channels.alertmanager import RESEND_S, AlertmanagerChannel
from streams.notifier.resend import RESOLVED_FOR, Resend
from streams.notifier.target import Target
from streams.outbound.post import Poster
from tests.notifier.channels.alertmanager import Alertmanager, alertmanager
from tests.notifier.channels.alertmanager import alertmanager_program as alertmanager_program
from tests.notifier.office import Office, breach, office, recovery
from tests.prober.servers import PRIVATE

Scenario = Callable[[Office, Alertmanager, Callable[[], Awaitable[None]]], Awaitable[None]]


def told(url: str, program: str, scenario: Scenario) -> None:
    """Run a scenario with a notifier and an Alertmanager, and what tells it again."""

    async def main() -> None:
        async with alertmanager(program) as server:
            target = Target("am", "alertmanager", server.url, partner="acme", machine=True)
            channel = AlertmanagerChannel(Poster(PRIVATE), "https://slo.example")
            async with office(url, 0, [target], channel) as one:
                resend = Resend(channel, one.targets, now=one.now)

                async def again() -> None:
                    await resend.send(await one.database.run(resend.read))

                await scenario(one, server, again)

    asyncio.run(main())


def test_a_breach_is_open_and_ends_soon_unless_it_is_told_again(database: str, alertmanager_program: str) -> None:
    async def scenario(one: Office, server: Alertmanager, again: Callable[[], Awaitable[None]]) -> None:
        down = breach(at_ms=await one.now_ms())
        await one.take_in(down)
        await one.work()
        (alert,) = await server.alerts()
        assert alert["labels"] == {
            "alertname": "SLOBreach",
            "appKey": "com.acme.charts",
            "metricId": "webhook-delivery-success-rate",
            "scope": "Jira",
            "objective": "webhook-delivery-15m",
            "incident": down["incidentId"],
            "partner": "acme",
            "severity": "page",
        }
        assert alert["annotations"]["summary"].startswith("[BREACH] Charts: Jira Webhook Delivery")
        assert alert["startsAt"] == down["breachedAt"].replace("Z", ".000Z")
        assert alert["generatorURL"] == f"https://slo.example/alerts/{down['incidentId']}"
        ends = datetime.fromisoformat(alert["endsAt"])
        assert timedelta(seconds=RESEND_S) < ends - datetime.now(UTC) <= timedelta(seconds=2 * RESEND_S)
        await again()
        (told_again,) = await server.alerts()
        assert told_again["fingerprint"] == alert["fingerprint"]
        assert datetime.fromisoformat(told_again["endsAt"]) > ends
        await one.take_in(recovery(down, after_min=0))
        await one.work()
        assert await server.alerts() == []

    told(database, alertmanager_program, scenario)


def test_what_a_crash_made_it_forget_it_is_told_again(database: str, alertmanager_program: str) -> None:
    async def scenario(one: Office, server: Alertmanager, again: Callable[[], Awaitable[None]]) -> None:
        down, other = breach(at_ms=await one.now_ms()), breach("boards", at_ms=await one.now_ms())
        await one.take_in(down, other, recovery(other, after_min=0))
        await one.work()
        assert [alert["labels"]["appKey"] for alert in await server.alerts()] == ["com.acme.charts"]
        await server.kill()
        await again()  # nobody is there: it is only said
        await server.start()
        assert await server.alerts() == []
        await again()
        assert [alert["labels"]["appKey"] for alert in await server.alerts()] == ["com.acme.charts"]

    told(database, alertmanager_program, scenario)


@pytest.mark.parametrize(("later", "told_again"), [(RESOLVED_FOR / 2, 1), (RESOLVED_FOR * 2, 0)])
def test_recoveries_are_told_again_for_a_while(
    database: str, alertmanager_program: str, later: timedelta, told_again: int
) -> None:
    async def scenario(one: Office, _: Alertmanager, again: Callable[[], Awaitable[None]]) -> None:
        down = breach(at_ms=await one.now_ms())
        await one.take_in(down, recovery(down, after_min=0))
        await one.work()
        resend = Resend(AlertmanagerChannel(Poster(PRIVATE)), one.targets, now=one.now)
        one.ahead += later
        found = await one.database.run(resend.read)
        assert [len(bodies) for bodies in found.values()] == [1] * told_again

    told(database, alertmanager_program, scenario)
