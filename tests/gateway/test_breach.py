"""The whole way: what an app publishes becomes a breach of its iframe objective; what a forger publishes does not."""

import asyncio
import time

from tests.gateway.conftest import APP, OTHER_APP, Stage
from tests.gateway.process import installations
from tests.gateway.signing import SECRET, authorization

FAIL = {"metricsType": "IFRAME", "moduleType": "generalPages", "status": "FAIL"}
SYNTHETIC = {"metricsType": "SYNTHETIC", "status": "FAIL"}
THREE_MINUTES_MS = 180_000
FAILING = "com.example.failing"


def test_a_signed_result_breaches_and_a_forged_one_does_not(stage: Stage) -> None:
    flow = stage.flow

    async def scenario() -> None:
        added = await asyncio.to_thread(
            installations,
            stage.environment,
            "add",
            "-",
            given={
                "clientKey": "c-5",
                "appKey": FAILING,
                "product": "Confluence",
                "sharedSecret": SECRET,
            },
        )
        assert added.returncode == 0, added.stderr

        async def publish() -> int:
            return (await stage.gateway.publish("c-5", FAILING, [FAIL] * 3, secret=SECRET))[0]

        deadline_s = time.monotonic() + 60
        while await publish() != 204:
            assert time.monotonic() < deadline_s
        forged = authorization("c-5", "com.example.victim", SECRET)
        assert (await stage.gateway.publish("c-5", "com.example.victim", [FAIL] * 3, headers=forged))[0] == 403
        assert (await stage.gateway.publish("c-2", OTHER_APP, [FAIL] * 3, secret="forged" * 8))[0] == 401
        assert (await stage.gateway.publish("c-1", APP, [SYNTHETIC] * 3))[0] == 204

        await flow.produce(flow.closing_records(time.time_ns() // 1_000_000 + THREE_MINUTES_MS))
        flow.start_worker()
        await flow.wait_until_read()
        found = [alert for alerts in (await flow.alerts()).values() for alert in alerts]
        mine = [alert for alert in found if alert["appKey"] == FAILING]
        assert [(alert["type"], alert["scope"], alert["metricId"]) for alert in mine] == [
            ("BREACH", "Confluence", "iframe-load-success-rate")
        ]
        assert not [alert for alert in found if alert["appKey"] in {OTHER_APP, "com.example.victim"}]
        assert APP not in {alert["appKey"] for alert in found if alert["metricId"] == "iframe-load-success-rate"}

    asyncio.run(scenario())
