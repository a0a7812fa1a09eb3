"""The broker goes away and comes back: nothing that was confirmed is lost, and callers are told to wait meanwhile."""

import asyncio
from collections import Counter
from pathlib import Path

import orjson
import pytest

from streams.broker import EmbeddedKafka
from tests.e2e.flow import Flow
from tests.gateway.process import SERVICE, install, running_gateway, settings_of
from tests.gateway.signing import authorization, publish_path
from tests.waiting import wait_for

APP = "com.example.app"
LOAD = {"metricsType": "IFRAME", "moduleType": "generalPages", "status": "SUCCESS"}

SOON_BACK = {"broker.session.timeout.ms": "3000", "broker.heartbeat.interval.ms": "500"}


@pytest.mark.long
@pytest.mark.timeout(300)
def test_what_was_confirmed_survives_an_outage_of_the_broker(tmp_path: Path) -> None:
    with EmbeddedKafka(data_dir=tmp_path / "kafka", overrides=SOON_BACK) as kafka:
        environment = settings_of(
            kafka.bootstrap_servers, "outage.", SLO_GATEWAY_BURST="10000", SLO_PARTITIONS="2", SLO_GATEWAY_CONFIRM="3s"
        )
        asyncio.run(install(environment, "c-1", APP))
        with running_gateway(environment, tmp_path) as gateway:
            confirmed: Counter[float] = Counter()
            numbers = iter(range(1_000_000))

            async def publish() -> tuple[int, str | None]:
                number = float(next(numbers))
                body = orjson.dumps([LOAD | {"durationInMillis": number}] * 2)
                status, document, headers = await gateway.call(
                    "PUT", publish_path(APP), body, authorization("c-1", APP)
                )
                if status == 204:
                    confirmed[number] += 2
                    return status, None
                assert headers["Retry-After"] == "5"
                return status, document["code"]

            async def outage() -> None:
                for status, _ in await asyncio.gather(*(publish() for _ in range(20))):
                    assert status in {204, 503}  # 503 on a very busy machine
                under_way = [asyncio.create_task(publish()) for _ in range(20)]
                await asyncio.sleep(0)
                kafka.kill()
                for status, code in await asyncio.gather(*under_way):
                    assert (status, code) in {(204, None), (503, "not-stored"), (503, "busy")}
                await gateway.becomes("/ready", 503)
                assert await publish() == (503, "busy")
                event = {"appKey": APP, "time": 1_772_460_000_000, "baseUrl": "https://a.example", "statusCode": 200}
                status, document, _ = await gateway.call("POST", "/events/healthcheck", orjson.dumps(event), SERVICE)
                assert (status, document["code"]) == (503, "busy")
                assert (await gateway.health("/live"))[0] == 200

                kafka.start()  # in this thread: the broker ends with the one that started it

                async def is_back() -> bool:
                    return (await publish())[0] == 204

                await wait_for(is_back, 90, "the gateway to publish again", [gateway.process])
                await gateway.becomes("/ready", 200)

            asyncio.run(outage())
            stored: Counter[float] = Counter()
            flow = Flow(kafka.bootstrap_servers, "outage.", tmp_path, partitions=2)
            for record in asyncio.run(flow.read("outage.iframe.v1")):
                stored[orjson.loads(record.value)["durationInMillis"]] += 1
            assert confirmed <= stored
            assert asyncio.run(gateway.process.stop()) == 0
