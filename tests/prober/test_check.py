"""One check against real servers: what is reported is what happened."""

import asyncio
import time

import orjson
import pytest
from aiohttp import web

from schemas.healthcheck import HealthCheck
from streams.outbound.reach import Reach, RefusedError
from streams.prober.answer import READ_LIMIT_BYTES
from streams.prober.check import TIMEOUT_MS, CheckResult, checker, explain
from tests.prober.servers import PRIVATE, Handler, Names, healthy, refusing, serving, target, unless_late


def check_url(url: str, timeout_ms: int = TIMEOUT_MS, reach: Reach = PRIVATE) -> CheckResult:
    async def run() -> CheckResult:
        async with checker(reach, timeout_ms=timeout_ms) as checks:
            return await checks.check(target(url))

    return unless_late(lambda: asyncio.run(run()))


def check_handler(handler: Handler, *, scheme: str = "http", timeout_ms: int = TIMEOUT_MS) -> CheckResult:
    async def run() -> CheckResult:
        async with serving(handler) as base, checker(PRIVATE, timeout_ms=timeout_ms) as checks:
            return await checks.check(target(base.replace("http", scheme) + "/health"))

    return unless_late(lambda: asyncio.run(run()))


def kind(result: CheckResult) -> str:
    assert result.error is not None
    assert result.status_code is None
    assert result.duration_ms is None
    return result.error.partition(":")[0]


def test_a_healthy_app_is_reported_with_its_duration() -> None:
    before_ms = time.time_ns() // 1_000_000
    result = check_handler(healthy)
    assert result.status_code == 200
    assert result.error is None
    assert result.duration_ms is not None
    assert 0 < result.duration_ms < TIMEOUT_MS
    assert before_ms <= result.time_ms <= time.time_ns() // 1_000_000 - int(result.duration_ms)


@pytest.mark.parametrize("status", [204, 404, 500, 503])
def test_any_other_status_is_reported_as_it_is(status: int) -> None:
    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status)

    result = check_handler(handler)
    assert (result.status_code, result.error) == (status, None)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    visited = []

    async def handler(request: web.Request) -> web.StreamResponse:
        visited.append(request.path)
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    result = check_handler(handler)
    assert (result.status_code, result.error) == (status, None)
    assert visited == ["/health"]


def test_no_answer_in_time_is_a_timeout() -> None:
    async def handler(_request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    result = check_handler(handler, timeout_ms=100)
    assert kind(result) == "timeout"
    assert result.error == "timeout: no full answer in time"


def test_a_body_that_never_ends_its_first_line_is_a_timeout() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"almost")
        await asyncio.Event().wait()
        return response

    assert kind(check_handler(handler, timeout_ms=200)) == "timeout"


def test_the_usual_timeout_is_the_last_millisecond_that_can_be_good() -> None:
    assert TIMEOUT_MS == 2_999


def test_of_an_endless_body_only_the_start_is_read() -> None:
    sent_bytes = 0

    async def handler(request: web.Request) -> web.StreamResponse:
        nonlocal sent_bytes
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 16_384)
            sent_bytes += 16_384

    result = check_handler(handler)
    assert (result.status_code, result.error) == (200, None)
    assert sent_bytes >= READ_LIMIT_BYTES


def test_nobody_listening_is_a_connect_error() -> None:
    with refusing() as base:
        assert kind(check_url(base + "/health")) == "connect"


def test_an_unknown_name_is_a_dns_error() -> None:
    # .invalid is reserved never to exist (RFC 2606); a slow resolver still has to say so
    assert kind(check_url("http://health.invalid/", timeout_ms=60_000)) == "dns"


def test_a_name_server_that_does_not_answer_is_a_timeout() -> None:
    async def run() -> CheckResult:
        async with checker(PRIVATE, timeout_ms=100, lookup=Names({})) as checks:
            return await checks.check(target("https://slow.example/"))

    assert kind(unless_late(lambda: asyncio.run(run()))) == "timeout"


def test_tls_against_plain_http_is_a_tls_error() -> None:
    assert kind(check_handler(healthy, scheme="https")) == "tls"


@pytest.mark.parametrize("answer", [b"", b"NOT HTTP AT ALL\r\n\r\n"])
def test_an_answer_that_is_no_http_is_another_error(answer: bytes) -> None:
    async def reply(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        writer.close()
        await writer.wait_closed()

    async def run() -> CheckResult:
        server = await asyncio.start_server(reply, "127.0.0.1", 0)
        async with server, checker(PRIVATE) as checks:
            port = server.sockets[0].getsockname()[1]
            return await checks.check(target(f"http://127.0.0.1:{port}/"))

    assert kind(unless_late(lambda: asyncio.run(run()))) == "other"


@pytest.mark.parametrize("url", ["http://127.1/", "http://2130706433/", "http://127.0.0.1./", "http://a..b/"])
def test_what_is_no_name_and_no_plain_address_is_refused_and_no_result(url: str) -> None:
    with pytest.raises(RefusedError):
        check_url(url)


def test_a_name_of_a_private_address_is_refused_and_no_result() -> None:
    with pytest.raises(RefusedError, match="not a public address"):
        check_url("https://localhost/", reach=Reach())


def test_what_may_not_be_called_is_not_connected_to() -> None:
    visits = []

    async def handler(request: web.Request) -> web.StreamResponse:
        visits.append(request.path)
        return web.Response()

    async def run() -> None:
        async with serving(handler) as base:
            port = int(base.rpartition(":")[2])
            names = Names({"localhost": ["127.0.0.1"], "private.example": ["127.0.0.1", "10.0.0.1"]})
            async with checker(Reach(ports=[port]), lookup=names) as checks:
                for host in ("127.0.0.1", "[::ffff:127.0.0.1]", "localhost", "private.example"):
                    with pytest.raises(RefusedError):
                        await checks.check(target(f"https://{host}:{port}/"))

    asyncio.run(run())
    assert visits == []


def test_a_name_is_looked_up_once_and_the_connection_goes_to_what_was_found() -> None:
    """A second look-up could be answered with another address."""

    async def run() -> tuple[CheckResult, Names]:
        async with serving(healthy) as base:
            names = Names({"app.example": ["127.0.0.1"]})
            async with checker(PRIVATE, lookup=names) as checks:
                return await checks.check(target(base.replace("127.0.0.1", "app.example"))), names

    result, names = asyncio.run(run())
    assert result.status_code == 200
    assert names.asked == ["app.example"]


def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    with refusing() as nowhere:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, nowhere)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        assert check_handler(healthy).status_code == 200


def test_every_check_connects_anew() -> None:
    peers = []

    async def handler(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        peers.append(request.transport.get_extra_info("peername"))
        return web.Response()

    async def run() -> None:
        async with serving(handler) as base, checker(PRIVATE) as checks:
            for _ in range(2):
                await checks.check(target(base))

    asyncio.run(run())
    assert len(set(peers)) == 2


def test_the_record_has_the_fields_of_the_topic() -> None:
    good = CheckResult(target("https://a.example/health"), 1_772_452_800_000, 200, 41.5, None)
    assert orjson.loads(good.to_json()) == {
        "appKey": "com.example.app",
        "time": 1_772_452_800_000,
        "baseUrl": "https://a.example/health",
        "statusCode": 200,
        "durationInMillis": 41.5,
        "error": None,
    }
    HealthCheck.model_validate_json(good.to_json())
    failed = CheckResult(target("https://a.example/health"), 1_772_452_800_000, None, None, "dns: unknown")
    record = orjson.loads(failed.to_json())
    HealthCheck.model_validate_json(failed.to_json())
    assert (record["statusCode"], record["durationInMillis"], record["error"]) == (None, None, "dns: unknown")


def test_an_error_is_one_line_of_at_most_256_characters() -> None:
    text = explain("other", "cut\r\nshort " * 100)
    assert text.startswith("other: cut short")
    assert "\n" not in text
    assert len(text) == 256
