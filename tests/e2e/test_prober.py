"""From a real outage to its alert: the prober meets an app of the catalogue that goes down and comes back."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import web

from streams.client.producer import acknowledged_producer
from streams.names import AVAILABILITY
from streams.prober.probing import catalogue_prober
from streams.registry.write import write
from streams.settings import Settings
from tests.e2e.flow import Flow
from tests.e2e.test_live_clock import WITHIN_SECONDS, alerts_of
from tests.prober.servers import serving
from tests.registry.test_apps import app
from tests.waiting import wait_for

APP = "com.example.charts"
WITHIN_S = 90
# More failures than successes breach, and more successes recover: both long before a stall could empty the window.
OBJECTIVES = (
    WITHIN_SECONDS.replace("webhook-delivery-success-rate", AVAILABILITY.id)
    .replace("webhook-delivery-16s", "app-availability-2m")
    .replace("lookbackWindow: 16s", "lookbackWindow: 2m")
    .replace("target: 0.99", "target: 0.5")
)


@pytest.mark.timeout(300)
def test_an_app_that_goes_down_is_breached_and_recovers_once_it_is_back(flow: Flow, tmp_path: Path) -> None:
    is_down = False

    async def health(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=503 if is_down else 200)

    async def wait_for_last(reason: str) -> None:
        async def came() -> bool:
            return [alert["reason"] for alert in await alerts_of(flow, APP)][-1:] == [reason]

        await wait_for(came, WITHIN_S, f"{reason} of {APP}", flow.workers)

    async def scenario() -> None:
        nonlocal is_down
        flow.clock, flow.lateness_ms, flow.objectives_file = "live", 1_000, tmp_path / "objectives.yaml"
        flow.objectives_file.write_text(OBJECTIVES)
        await flow.create_topics()
        settings = Settings(
            bootstrap_servers=flow.bootstrap_servers,
            topic_prefix=flow.prefix,
            application_id=flow.application_id,
            prober_allow_private=True,
        ).model_copy(update={"prober_interval": 1_000})
        async with serving(health) as base, acknowledged_producer(settings) as producer:
            await write(settings, settings.topics.apps, {APP: app(APP, healthcheckUrls=[f"{base}/health"])})
            await flow.start_worker().says("going on at")
            async with catalogue_prober(settings, producer) as prober, asyncio.TaskGroup() as group:
                group.create_task(prober.run())

                async def is_probed() -> bool:
                    return prober.counts.good >= 2

                await wait_for(is_probed, WITHIN_S, "the app to be probed", flow.workers)
                await flow.wait_for_commits(WITHIN_S)  # probes go on: there is no end to read to
                is_down = True
                await wait_for_last("BELOW_OBJECTIVE")
                is_down = False
                await wait_for_last("RESTORED")
                prober.stop()
            *_, breach, recovery = await alerts_of(flow, APP)
            assert breach["scope"] == f"{base}/health"
            assert breach["metricId"] == AVAILABILITY.id
            assert breach["badCount"] > 0
            assert breach["incidentId"] == recovery["incidentId"]

    asyncio.run(scenario())
