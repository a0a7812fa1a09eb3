"""Bodies as services send them: packed, named wrongly, or of nothing that can be used."""

import asyncio
import gzip
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from fastapi import Request
from starlette.types import Message

from streams.gateway.lines import LINES as NAMES
from streams.web.body import read_body
from streams.web.problem import Problem, ProblemError
from tests.gateway.conftest import APP, Stage
from tests.gateway.process import SERVICE
from tests.gateway.signing import authorization, publish_path
from tests.gateway.test_events import EVENTS, LINES, values
from tests.gateway.test_publish import SUCCESS

PACKED = {**LINES, "Content-Encoding": "gzip"}


def line(trace: str) -> bytes:
    return orjson.dumps(EVENTS["webhook"] | {"traceId": trace})


async def send(stage: Stage, body: bytes, headers: dict[str, str], path: str = "/events/webhook") -> tuple[int, Any]:
    status, told, _ = await stage.gateway.call("POST", path, body, headers)
    return status, told


def test_gzip_is_taken_also_in_several_members(stage: Stage) -> None:
    async def scenario() -> None:
        body = gzip.compress(line("packed") + b"\n") + gzip.compress(line("packed"))
        status, told = await send(stage, body, PACKED)
        assert (status, told["accepted"]) == (200, 2)
        assert await values(stage, "webhook", '"packed"') == [line("packed")] * 2
        results = gzip.compress(orjson.dumps([SUCCESS]))
        headers = {**authorization("c-1", APP), "Content-Encoding": "gzip"}
        assert (await stage.gateway.call("PUT", publish_path(APP), results, headers))[0] == 204

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"nothing packed", 400, "bad-request"),
        (gzip.compress(b"cut" * 1_000)[:-5], 400, "bad-request"),
        (gzip.compress(b" " * 1_000_001), 413, "too-large"),
        (gzip.compress(b" " * 200_000_000, compresslevel=1), 413, "too-large"),
        (gzip.compress(b"") * 20_000 + gzip.compress(b" " * 1_000_001), 413, "too-large"),
    ],
    ids=["none", "cut", "large", "bomb", "members"],
)
def test_what_is_no_gzip_or_unpacks_to_too_much_is_refused(stage: Stage, body: bytes, status: int, code: str) -> None:
    answered, told = asyncio.run(send(stage, body, PACKED))
    assert (answered, told["code"]) == (status, code)


@pytest.mark.parametrize("coding", ["br", "deflate", "gzip, gzip"])
def test_another_coding_is_refused_and_the_answer_says_which_is_taken(stage: Stage, coding: str) -> None:
    async def scenario() -> None:
        headers = {**LINES, "Content-Encoding": coding}
        status, told, answered = await stage.gateway.call("POST", "/events/webhook", b"{}", headers)
        assert (status, told["code"], answered["Accept-Encoding"]) == (415, "content-encoding", "gzip")

    asyncio.run(scenario())


@pytest.mark.parametrize("media_type", ["application/x-www-form-urlencoded", "text/plain", "", "application/jsonx"])
def test_another_content_type_is_refused_and_nothing_is_stored(stage: Stage, media_type: str) -> None:
    async def scenario() -> None:
        trace = f"typed-{media_type or 'not'}"
        status, told = await send(stage, line(trace), {**SERVICE, "Content-Type": media_type})
        assert (status, told["code"]) == (415, "content-type")
        assert "application/x-ndjson" in told["fault"]
        assert await values(stage, "webhook", f'"{trace}"') == []

    asyncio.run(scenario())


@pytest.mark.parametrize("media_type", [*NAMES, "Application/JSONL; charset=utf-8"])
def test_lines_have_several_names(stage: Stage, media_type: str) -> None:
    status, told = asyncio.run(send(stage, line("named") + b"\n", {**SERVICE, "Content-Type": media_type}))
    assert (status, told["accepted"]) == (200, 1)


def test_an_app_that_publishes_something_else_than_json_hears_so(stage: Stage) -> None:
    async def scenario() -> None:
        headers = {**authorization("c-1", APP), "Content-Type": "text/csv"}
        status, told, _ = await stage.gateway.call("PUT", publish_path(APP), orjson.dumps([SUCCESS]), headers)
        assert (status, told["code"]) == (415, "content-type")

    asyncio.run(scenario())


def test_where_every_line_is_refused_the_call_is_and_says_each_line(stage: Stage) -> None:
    async def scenario() -> None:
        status, told = await send(stage, b"{}\nnonsense\n", LINES)
        assert (status, told["accepted"], told["refused"]) == (400, 0, 2)
        assert [(one["line"], one["status"], one["code"]) for one in told["lines"]] == [
            (1, 400, "bad-request"),
            (2, 400, "bad-request"),
        ]

    asyncio.run(scenario())


@pytest.mark.parametrize("name", ["availability", "installation", "webhook", "iframe"])
def test_the_names_of_the_command_line_are_names_here(stage: Stage, name: str) -> None:
    status, told = asyncio.run(send(stage, b"{}", LINES, f"/events/{name}"))
    assert (status, told["accepted"]) == (400, 0)


def test_a_wrong_name_is_answered_with_the_right_ones(stage: Stage) -> None:
    status, told = asyncio.run(send(stage, b"{}", LINES, "/events/uptime"))
    assert (status, told["code"]) == (404, "no-such-metric")
    for name in ("availability", "healthcheck", "app-availability", "installation", "webhook"):
        assert name in told["fault"]


@pytest.mark.parametrize("path", ["/events/webhook/", "/openapi.json/", f"{publish_path(APP)}/"])
def test_a_slash_at_the_end_is_another_path_and_leads_nowhere(stage: Stage, path: str) -> None:
    async def scenario() -> None:
        status, told, answered = await stage.gateway.call("POST", path, b"{}", {**LINES, "Host": "elsewhere.example"})
        assert (status, told["code"]) == (404, "not-found")
        assert "Location" not in answered

    asyncio.run(scenario())


def test_who_goes_away_amid_the_body_is_no_fault_of_ours() -> None:
    messages: Iterator[Message] = iter(
        [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
    )

    async def receive() -> Message:
        return next(messages)

    request = Request({"type": "http", "headers": [(b"content-length", b"100")]}, receive)
    with pytest.raises(ProblemError, match=Problem.TOO_SLOW.code):
        asyncio.run(read_body(request))
