"""The whole way: what an app publishes becomes a breach of its iframe objective; what a forger publishes does not."""

import asyncio
import time

import pytest

from tests.gateway.conftest import Stage
from tests.gateway.process import install
from tests.gateway.signing import SECRET, authorization
from tests.waiting import wait_for

FAIL = {"metricsType": "IFRAME", "moduleType": "generalPages", "status": "FAIL"}
SYNTHETIC = {"metricsType": "SYNTHETIC", "status": "FAIL"}
FAILING, VICTIM, TESTED = "com.example.failing", "com.example.victim", "com.example.tested"
THREE_MINUTES_MS = 180_000


@pytest.mark.timeout(300)
def test_a_signed_result_breaches_and_a_forged_or_a_synthetic_one_does_not(stage: Stage) -> None:
    flow, publish = stage.flow, stage.gateway.publish

    async def scenario() -> None:
        for client_key, app_key in (("c-failing", FAILING), ("c-victim", VICTIM), ("c-tested", TESTED)):
            await install(stage.environment, client_key, app_key, "Confluence")

        async def is_read() -> bool:  # the three lie in as many partitions as they like
            answers = [
                await publish(client_key, app_key, [])
                for client_key, app_key in (("c-failing", FAILING), ("c-victim", VICTIM), ("c-tested", TESTED))
            ]
            return answers == [(204, None)] * 3

        await wait_for(is_read, 60, "the gateway to know the installations", [stage.gateway.process])
        assert (await publish("c-failing", FAILING, [FAIL] * 3))[0] == 204
        assert (await publish("c-tested", TESTED, [SYNTHETIC] * 3))[0] == 204
        assert (await publish("c-victim", VICTIM, [FAIL] * 3, secret="forged" * 8))[0] == 401
        of_another = authorization("c-failing", VICTIM, SECRET)
        assert (await publish("c-failing", VICTIM, [FAIL] * 3, headers=of_another))[0] == 403

        await flow.produce(flow.closing_records(time.time_ns() // 1_000_000 + THREE_MINUTES_MS))
        flow.start_worker()
        await flow.wait_until_read(120)
        found = [alert for alerts in (await flow.alerts()).values() for alert in alerts]
        breaches = [
            (alert["appKey"], alert["type"], alert["scope"], alert["metricId"], alert["badCount"])
            for alert in found
            if alert["appKey"] in {FAILING, VICTIM, TESTED}
        ]
        assert breaches == [(FAILING, "BREACH", "Confluence", "iframe-load-success-rate", 3)]

    asyncio.run(scenario())
