"""Clients as people have them: the JDK's and curl, both of which offer to go on in HTTP/2."""

import asyncio
import shutil
import subprocess
from functools import cache
from pathlib import Path

import orjson
import pytest

from tests.gateway.conftest import Stage
from tests.gateway.process import TOKEN
from tests.gateway.test_events import EVENTS, values

NDJSON = "application/x-ndjson"


def body_of(trace: str) -> str:
    """Two events that carry a trace, one a line."""
    line = orjson.dumps(EVENTS["webhook"] | {"traceId": trace}).decode()
    return f"{line}\n{line}\n"


@cache
def can_run_source() -> bool:
    """Whether there is a Java that runs a source file; a runtime alone cannot."""
    java = shutil.which("java")
    if java is None:
        return False
    return (
        "jdk.compiler" in subprocess.run([java, "--list-modules"], capture_output=True, text=True, check=False).stdout
    )


def test_the_client_of_the_jdk_as_it_comes(stage: Stage) -> None:
    if not can_run_source():
        pytest.skip("no JDK on this machine")
    body, url = body_of("by-the-jdk"), f"{stage.gateway.url}/events/webhook"
    source = Path(__file__).with_name("Send.java")
    command = ["java", str(source), url, f"Bearer {TOKEN}", NDJSON, body, "3"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True).stdout
    answers = [line.partition(" ") for line in said.splitlines()]
    assert [(status, orjson.loads(told)["accepted"]) for status, _, told in answers] == [("200", 2)] * 3
    assert len(asyncio.run(values(stage, "webhook", '"by-the-jdk"'))) == 6


def test_curl_that_offers_http_2(stage: Stage) -> None:
    if shutil.which("curl") is None:
        pytest.skip("no curl on this machine")
    headers = ["-H", f"Authorization: Bearer {TOKEN}", "-H", f"Content-Type: {NDJSON}"]
    url = f"{stage.gateway.url}/events/webhook"
    command = ["curl", "-sS", "--http2", *headers, "--data-binary", "@-", url]
    answer = subprocess.run(command, input=body_of("by-curl").encode(), capture_output=True, timeout=100, check=True)
    assert orjson.loads(answer.stdout)["accepted"] == 2
    assert len(asyncio.run(values(stage, "webhook", '"by-curl"'))) == 2


async def exchange(stage: Stage, sent: bytes) -> bytes:
    """All that comes back on one connection until the gateway closes it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(stage.gateway.url.rpartition(":")[2]))
    try:
        writer.write(sent)
        async with asyncio.timeout(90):
            return await reader.read()
    finally:
        writer.close()


def call(body: bytes, *more: str) -> bytes:
    """A call of a service, byte for byte."""
    head = [
        "POST /events/webhook HTTP/1.1",
        "Host: gateway",
        f"Authorization: Bearer {TOKEN}",
        f"Content-Type: {NDJSON}",
        f"Content-Length: {len(body)}",
        *more,
    ]
    return "\r\n".join([*head, "", ""]).encode() + body


OFFER = (
    "Connection: Upgrade, HTTP2-Settings",
    "Upgrade: h2c",
    "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQB",
)


@pytest.mark.parametrize("more", [OFFER, ("connection: upgrade", "upgrade: websocket"), ("Upgrade: TLS/1.0",)])
def test_an_offer_is_ignored_its_body_read_and_what_stands_behind_it_is_no_call(
    stage: Stage, more: tuple[str, ...]
) -> None:
    async def scenario() -> None:
        trace = f"offer-{len(''.join(more))}"
        first, second = body_of(trace).encode(), body_of(f"{trace}-behind").encode()
        answer = await exchange(stage, call(first, *more) + call(second))
        assert answer.count(b"HTTP/1.1 ") == 1
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert await values(stage, "webhook", f'"{trace}"') == first.split()
        assert await values(stage, "webhook", f'"{trace}-behind"') == []

    asyncio.run(scenario())


def test_without_an_offer_calls_may_follow_each_other_on_a_connection(stage: Stage) -> None:
    async def scenario() -> None:
        body = body_of("one-behind-the-other").encode()
        answer = await exchange(stage, call(body) + call(body, "Connection: close"))
        assert answer.count(b"HTTP/1.1 200 ") == 2

    asyncio.run(scenario())


def test_a_body_with_two_lengths_hides_no_call(stage: Stage) -> None:
    async def scenario() -> None:
        hidden = call(body_of("hidden").encode())
        answer = await exchange(stage, call(b"0\r\n\r\n" + hidden, "Transfer-Encoding: chunked"))
        assert answer.count(b"HTTP/1.1 ") == 1
        assert await values(stage, "webhook", '"hidden"') == []

    asyncio.run(scenario())
