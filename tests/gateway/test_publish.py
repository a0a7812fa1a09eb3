"""The publish API as an app meets it, on a real Kafka."""

import asyncio
import time
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
from prometheus_client.parser import text_string_to_metric_families

from schemas.event_time import utc_text
from streams.gateway.register import store_with_grace
from streams.gateway.vault import Vault
from tests.gateway.conftest import APP, BURST, EAGER_APP, OTHER_APP, Stage
from tests.gateway.process import gateway_settings, install, running_gateway, uninstall
from tests.gateway.signing import authorization, publish_path
from tests.model import murmur2_partition
from tests.waiting import wait_for

SUCCESS = {"metricsType": "IFRAME", "moduleType": "generalPages", "status": "SUCCESS", "durationInMillis": 812.5}
FAIL = {"metricType": "IFRAME", "moduleType": "webPanels", "status": "FAIL"}
SYNTHETIC = {"metricsType": "SYNTHETIC", "status": "SUCCESS", "durationInMillis": 2_310}
SECRETS = ("first", "second")


async def events(stage: Stage, topic: str, client_key: str) -> list[dict[str, Any]]:
    """What lies on a topic of an installation, each under the right key and in the right place."""
    found = []
    for record in await stage.flow.read(topic):
        event = orjson.loads(record.value)
        assert record.key == event["appKey"].encode()
        assert record.partition == murmur2_partition(record.key, 4)
        if event["clientKey"] == client_key:
            found.append(event)
    return found


def test_published_results_are_events_when_the_answer_comes(stage: Stage) -> None:
    async def scenario() -> None:
        before_ms = time.time_ns() // 1_000_000
        status, code = await stage.gateway.publish("c-3", APP, [SUCCESS, FAIL, SYNTHETIC])
        assert (status, code) == (204, None)
        after_ms = time.time_ns() // 1_000_000
        topics = stage.flow.topics
        loads = await events(stage, f"{topics.prefix}iframe.v1", "c-3")
        assert [(load["status"], load["moduleType"], load["durationInMillis"]) for load in loads] == [
            ("SUCCESS", "generalPages", 812.5),
            ("FAIL", "webPanels", None),
        ]
        (test,) = await events(stage, topics.synthetic, "c-3")
        assert (test["status"], test["durationInMillis"], test["product"]) == ("SUCCESS", 2_310, "Confluence")
        for event in (*loads, test):
            assert event["appKey"] == APP
            assert before_ms <= event["time"] <= after_ms
        assert {load["source"] for load in loads} == {"APP"}

    asyncio.run(scenario())


def test_who_may_not_publish_is_told_why_and_leaves_nothing(stage: Stage) -> None:
    async def scenario() -> None:
        publish, topic = stage.gateway.publish, f"{stage.flow.prefix}iframe.v1"
        before = len(await stage.flow.read(topic))
        assert await publish("c-1", OTHER_APP, [SUCCESS]) == (403, "not-allowed-for-app")
        assert await publish("c-9", APP, [SUCCESS]) == (403, "no-installation")
        assert await publish("c-1", APP, [SUCCESS], secret="guessed" * 6) == (401, "wrong-signature")
        assert await publish("c-1", APP, [SUCCESS], headers={}) == (401, "wrong-signature")
        used = authorization("c-1", APP)
        assert await publish("c-1", APP, b"nonsense", headers=used) == (400, "bad-request")
        assert await publish("c-1", APP, [SUCCESS], headers=used) == (401, "token-already-used")
        assert await publish("c-1", APP, [SUCCESS, FAIL | {"durationInMillis": -1}]) == (400, "negative-latency")
        assert await publish("c-1", APP, [SUCCESS | {"metricsType": "X"}]) == (400, "metrics-type-not-supported")
        assert await publish("c-1", APP, [SUCCESS | {"moduleType": "X"}]) == (400, "unknown-module-type")
        assert await publish("c-1", APP, [SUCCESS] * 1_001) == (413, "too-many-events")
        assert await publish("c-1", APP, b" " * 1_000_001) == (413, "too-large")
        assert len(await stage.flow.read(topic)) == before

    asyncio.run(scenario())


def test_a_problem_is_told_as_rfc_9457_says(stage: Stage) -> None:
    async def scenario() -> None:
        body = orjson.dumps([SUCCESS, SUCCESS | {"durationInMillis": -1}])
        headers = authorization("c-1", APP)
        status, document, answered = await stage.gateway.call("PUT", publish_path(APP), body, headers)
        assert (status, answered["Content-Type"]) == (400, "application/problem+json")
        assert document == {
            "type": "urn:slo-streams:negative-latency",
            "title": "Bad Request",
            "status": 400,
            "detail": "Latency should not be a negative value",
            "code": "negative-latency",
            "index": 1,
        }

    asyncio.run(scenario())


def test_a_body_without_an_announced_length_is_cut_off_where_it_is_too_long(stage: Stage) -> None:
    async def scenario() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(stage.gateway.url.rpartition(":")[2]))
        token = authorization("c-1", APP)["Authorization"]
        head = f"PUT {publish_path(APP)} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nTransfer-Encoding: chunked"
        writer.write(head.encode() + b"\r\n\r\n")
        for _ in range(11):
            writer.write(b"%x\r\n%b\r\n" % (100_000, b" " * 100_000))
        async with asyncio.timeout(60):
            assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
        writer.transport.abort()  # what it did not read would keep the connection

    asyncio.run(scenario())


def test_a_call_of_a_thousand_results_is_one_of_many_at_the_same_time(stage: Stage) -> None:
    async def scenario() -> None:
        many = [SUCCESS] * 1_000
        answers = await asyncio.gather(*(stage.gateway.publish("c-2", OTHER_APP, many) for _ in range(5)))
        assert answers == [(204, None)] * 5
        loads = await events(stage, f"{stage.flow.prefix}iframe.v1", "c-2")
        assert len(loads) == 5_000

    asyncio.run(scenario())


def test_a_former_secret_stays_good_for_its_grace_and_no_longer(stage: Stage) -> None:
    first, second = (f"a-{name}-secret-of-an-installation-with-a-grace" for name in SECRETS)
    settings = gateway_settings(stage.environment)
    vault = Vault(settings.read_installation_keys())

    async def put(secret: str, grace_s: float) -> None:
        sealed = vault.seal("c-5", APP, "Jira", secret)
        await store_with_grace(settings, vault, {"c-5": sealed}, utc_text(int(1_000 * (time.time() + grace_s))))

    async def becomes(secret: str, outcome: tuple[int, str | None]) -> None:
        async def is_so() -> bool:
            return await stage.gateway.publish("c-5", APP, [SYNTHETIC], secret=secret) == outcome

        await wait_for(is_so, 60, f"{outcome}", [stage.gateway.process])

    async def scenario() -> None:
        await put(first, 0)
        await becomes(first, (204, None))
        await put(second, 600)
        await becomes(second, (204, None))
        assert await stage.gateway.publish("c-5", APP, [SYNTHETIC], secret=first) == (204, None)
        await put(second, 0)  # added once more: the grace of the first goes on
        assert await stage.gateway.publish("c-5", APP, [SYNTHETIC], secret=first) == (204, None)
        await put(f"{second}-next", 2)
        await becomes(f"{second}-next", (204, None))
        await becomes(second, (401, "wrong-signature"))
        assert await stage.gateway.publish("c-5", APP, [SYNTHETIC], secret=first) == (401, "wrong-signature")
        await uninstall(stage.environment, "c-5")

    asyncio.run(scenario())


def test_a_new_secret_holds_and_the_former_one_no_longer_does_without_a_restart(stage: Stage) -> None:
    first, second = (f"a-{name}-secret-of-an-installation-that-changes" for name in SECRETS)

    async def becomes(secret: str, outcome: tuple[int, str | None]) -> None:
        async def is_so() -> bool:
            return await stage.gateway.publish("c-4", APP, [SYNTHETIC], secret=secret) == outcome

        await wait_for(is_so, 60, f"{outcome}", [stage.gateway.process])

    async def scenario() -> None:
        assert await stage.gateway.publish("c-4", APP, [SYNTHETIC], secret=first) == (403, "no-installation")
        await install(stage.environment, "c-4", APP, "Jira", first)
        await becomes(first, (204, None))
        await install(stage.environment, "c-4", APP, "Jira", second)
        await becomes(second, (204, None))
        assert await stage.gateway.publish("c-4", APP, [SYNTHETIC], secret=first) == (401, "wrong-signature")
        await uninstall(stage.environment, "c-4")
        await becomes(second, (403, "no-installation"))

    asyncio.run(scenario())


def test_an_app_that_calls_too_often_is_told_when_to_come_back_and_others_are_not(stage: Stage, tmp_path: Path) -> None:
    async def call() -> tuple[int, str | None]:
        headers = authorization("c-eager", EAGER_APP)
        status, _, answered = await gateway.call("PUT", publish_path(EAGER_APP), b"[]", headers)
        return status, answered.get("Retry-After")

    async def scenario() -> None:
        answers = Counter(await asyncio.gather(*(call() for _ in range(5 * BURST))))
        assert set(answers) == {(204, None), (429, "1")}
        assert answers[204, None] >= BURST
        assert await gateway.publish("c-2", OTHER_APP, [SYNTHETIC]) == (204, None)

    # One a second: no machine is so slow that the calls take longer than that.
    with running_gateway({**stage.environment, "SLO_GATEWAY_RATE": "1"}, tmp_path) as gateway:
        asyncio.run(scenario())
    assert "secret" not in gateway.process.log.lower()


def test_calls_and_events_are_counted(stage: Stage) -> None:
    async def scenario() -> None:
        await stage.gateway.publish("c-2", OTHER_APP, [SUCCESS, SYNTHETIC])
        await stage.gateway.publish("c-2", OTHER_APP, [SUCCESS], secret="guessed" * 6)
        exposition = (await stage.gateway.health("/metrics"))[1].decode()
        samples = {
            (sample.name.removeprefix("slo_streams_gateway_"), *sorted(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(exposition)
            for sample in family.samples
        }
        assert samples["requests_total", "ok", "publish"] >= 1
        assert samples["requests_total", "publish", "wrong-signature"] >= 1
        assert samples["events_total", "app", stage.flow.topics.synthetic] >= 1
        assert samples["installations",] >= 3
        assert samples["waiting_bytes",] == 0
        assert APP not in exposition

    asyncio.run(scenario())
