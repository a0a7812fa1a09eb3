"""Events of services: by token, one or one a line, each answered for itself, and stored as they were written."""

import asyncio
from typing import Any

import orjson
import pytest

from tests.gateway.conftest import Stage
from tests.gateway.process import SERVICE, TOKEN
from tests.model import murmur2_partition

JSON = {**SERVICE, "Content-Type": "application/json; charset=utf-8"}
LINES = {**SERVICE, "Content-Type": "application/x-ndjson"}
COMMON = {"appKey": "com.example.tâche", "time": "2026-03-02T12:00:00Z"}
INSTALLED = {"product": "Jira", "clientKey": "c-1"}
EVENTS: dict[str, dict[str, Any]] = {
    "healthcheck": {**COMMON, "baseUrl": "https://a.example", "statusCode": 200, "durationInMillis": 81},
    "iframe": {**COMMON, **INSTALLED, "moduleType": "generalPages", "source": "HOST", "bridgeInMillis": 800},
    "installation-callback": {**COMMON, **INSTALLED, "lifecycle": "installed", "statusCode": 204},
    "webhook": {**COMMON, **INSTALLED, "event": "jira:issue_updated", "statusCode": 204},
}
METRIC_IDS = {
    "app-availability": "healthcheck",
    "iframe-load-success-rate": "iframe",
    "installation-callback-success-rate": "installation-callback",
    "webhook-delivery-success-rate": "webhook",
}


async def values(stage: Stage, record: str, trace: str) -> list[bytes]:
    """The values on an input topic that carry a trace, each where its appKey belongs."""
    found = []
    for one in await stage.flow.read(f"{stage.flow.prefix}{record}.v1"):
        if trace.encode() in one.value:
            assert one.key == COMMON["appKey"].encode()
            assert one.partition == murmur2_partition(one.key, 4)
            found.append(one.value)
    return found


@pytest.mark.parametrize(("metric", "record"), [*METRIC_IDS.items(), *((name, name) for name in EVENTS)])
def test_an_event_of_every_metric_is_stored_as_it_was_written(stage: Stage, metric: str, record: str) -> None:
    async def scenario() -> None:
        event = orjson.dumps(EVENTS[record] | {"fieldOfANewerProducer": metric}, option=orjson.OPT_INDENT_2)
        status, told, _ = await stage.gateway.call("POST", f"/events/{metric}", event, JSON)
        assert (status, told) == (200, {"accepted": 1, "refused": 0, "lines": [{"line": 1, "status": 200}]})
        assert await values(stage, record, f'"{metric}"') == [event]

    asyncio.run(scenario())


def test_each_line_is_answered_for_itself(stage: Stage) -> None:
    async def scenario() -> None:
        good = orjson.dumps(EVENTS["webhook"] | {"traceId": "lines"})
        late = orjson.dumps(EVENTS["webhook"] | {"traceId": "lines", "statusCode": None})
        too_large = orjson.dumps(EVENTS["webhook"] | {"more": "x" * 65_536})
        bad = orjson.dumps(EVENTS["webhook"] | {"statusCode": "200"})
        body = b"\n".join([good, b"", bad, b"{", too_large, late + b"\r", b""])
        status, told, _ = await stage.gateway.call("POST", "/events/webhook", body, LINES)
        assert status == 207
        assert (told["accepted"], told["refused"]) == (2, 3)
        assert [(line["line"], line["status"]) for line in told["lines"]] == [
            (1, 200),
            (3, 400),
            (4, 400),
            (5, 413),
            (6, 200),
        ]
        assert told["lines"][1]["fault"] == "statusCode: Input should be a valid integer"
        assert await values(stage, "webhook", '"lines"') == [good, late]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"{}", "appKey: Field required; time: Field required"),
        (b"", "not JSON"),
        (b"{}\n{}", "one a line, application/x-ndjson"),
        (b"[]", "The value is not a JSON object"),
        (orjson.dumps(EVENTS["webhook"] | {"time": "yesterday"}), "not an RFC 3339 time"),
        (orjson.dumps(EVENTS["webhook"]).replace(b"204", b"NaN"), "not JSON"),
    ],
)
def test_one_bad_event_is_a_bad_request(stage: Stage, body: bytes, fault: str) -> None:
    async def scenario() -> None:
        status, told, answered = await stage.gateway.call("POST", "/events/webhook", body, JSON)
        assert (status, told["code"], answered["Content-Type"]) == (400, "bad-request", "application/problem+json")
        assert fault in told["fault"]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": f"Bearer {TOKEN[:-1]}"},
        {"Authorization": f"JWT {TOKEN}"},
        {"Authorization": "Bearer "},
        {"Authorization": f"Bearer tests:{TOKEN}"},
    ],
)
def test_only_services_with_a_token_send(stage: Stage, headers: dict[str, str]) -> None:
    async def scenario() -> None:
        body = orjson.dumps(EVENTS["webhook"])
        status, told, answered = await stage.gateway.call("POST", "/events/webhook", body, headers)
        assert (status, told["code"], answered["WWW-Authenticate"]) == (401, "service-token", "Bearer")

    asyncio.run(scenario())
    assert TOKEN not in stage.gateway.process.log


def test_limits_and_what_is_not_there(stage: Stage) -> None:
    async def scenario() -> None:
        call = stage.gateway.call
        line = orjson.dumps(EVENTS["webhook"]) + b"\n"
        assert (await call("POST", "/events/webhook", line * 1_000, LINES))[0] == 200
        assert (await call("POST", "/events/webhook", b"{}\n" * 1_001, LINES))[1]["code"] == "too-many-events"
        assert (await call("POST", "/events/webhook", b" " * 1_000_001, LINES))[1]["code"] == "too-large"
        assert (await call("POST", "/events/nothing", b"{}", LINES))[1]["code"] == "no-such-metric"
        status, told, answered = await call("GET", "/events/webhook", None, SERVICE)
        assert (status, told["code"], answered["Allow"]) == (405, "method-not-allowed", "POST")
        assert (await call("GET", "/docs"))[1]["code"] == "not-found"
        assert (await call("POST", "/events/webhook", b"\n", LINES))[1]["fault"] == "The body holds no event"
        assert (await stage.gateway.health("/live"))[:2] == (200, {"live": True, "reason": None})

    asyncio.run(scenario())
