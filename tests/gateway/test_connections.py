"""Connections that bring nothing, or no end: they cost little, end by themselves, and stop nobody else."""

import asyncio
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import orjson
import pytest

from tests.bench.usage import usage
from tests.gateway.conftest import Stage
from tests.gateway.process import SERVICE
from tests.gateway.test_events import EVENTS

IDLE = 2_000
LIMIT_S = 10


@contextmanager
def many_files() -> Iterator[None]:
    """This process may open as many files as it can allow itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def connect(stage: Stage) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", int(stage.gateway.url.rpartition(":")[2]))


def test_thousands_of_idle_and_half_open_connections_stop_neither_service_nor_health(stage: Stage) -> None:
    async def scenario() -> None:
        opened = [await connect(stage) for _ in range(IDLE)]
        for _, writer in opened[::2]:
            writer.write(b"POST /events/webhook HTTP/1.1\r\nHost: gateway\r\n")
        event = orjson.dumps(EVENTS["webhook"])
        status, told, _ = await stage.gateway.call("POST", "/events/webhook", event, SERVICE)
        assert (status, told["accepted"]) == (200, 1)
        for path in ("/live", "/ready", "/metrics"):
            assert (await stage.gateway.health(path))[0] == 200
        for _, writer in opened:
            writer.close()

    with many_files():
        asyncio.run(scenario())


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET /openapi.json HTTP/1.1\r\nHost: gateway\r\n", b"GET /openapi.json HTTP/1.1\r\nHost: gateway\r\n\r\n"],
    ids=["silent", "half a head", "idle after a call"],
)
def test_a_connection_that_brings_no_call_ends_after_ten_seconds(stage: Stage, sent: bytes) -> None:
    async def scenario() -> float:
        started_s = time.monotonic()
        reader, writer = await connect(stage)
        writer.write(sent)
        async with asyncio.timeout(60):
            while await reader.read(65_536):
                pass
        writer.close()
        return time.monotonic() - started_s

    assert LIMIT_S - 1 < asyncio.run(scenario()) < 3 * LIMIT_S


def test_headers_that_come_drop_by_drop_end_too(stage: Stage) -> None:
    async def scenario() -> float:
        reader, writer = await connect(stage)
        started_s = time.monotonic()
        ended = asyncio.create_task(reader.read())
        writer.write(b"GET /openapi.json HTTP/1.1\r\n")
        while not ended.done() and time.monotonic() - started_s < 60:
            writer.write(b"X: a\r\n")
            await asyncio.wait([ended], timeout=1)
        writer.close()
        return time.monotonic() - started_s

    assert asyncio.run(scenario()) < 3 * LIMIT_S


def test_a_header_without_an_end_is_cut_off_and_costs_no_memory(stage: Stage) -> None:
    pid = stage.gateway.process.process.pid
    before_mb = usage(pid).peak_mb

    async def scenario() -> int:
        _, writer = await connect(stage)
        writer.write(b"GET / HTTP/1.1\r\nHost: gateway\r\nX: ")
        sent_bytes = 0
        with suppress(ConnectionError):
            while sent_bytes < 150_000_000:
                writer.write(b"a" * 1_000_000)
                await writer.drain()
                sent_bytes += 1_000_000
        writer.transport.abort()
        return sent_bytes

    assert asyncio.run(scenario()) < 20_000_000
    assert usage(pid).peak_mb - before_mb < 16


@pytest.mark.parametrize(
    "headers", [b"X: " + b"a" * 200_000 + b"\r\n", b"".join(b"X-%d: a\r\n" % number for number in range(1_000))]
)
def test_too_many_or_too_long_headers_are_refused(stage: Stage, headers: bytes) -> None:
    async def scenario() -> bytes:
        reader, writer = await connect(stage)
        writer.write(b"GET /openapi.json HTTP/1.1\r\nHost: gateway\r\n" + headers + b"\r\n")
        async with asyncio.timeout(90):
            answer = await reader.read()
        writer.transport.abort()
        return answer

    try:
        answer = asyncio.run(scenario())
    except ConnectionError:
        return  # closed before all was sent
    assert answer.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 400 ")) or answer == b""
