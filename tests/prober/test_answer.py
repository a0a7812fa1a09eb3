"""Odd answers: what a browser lets pass is no outage, what it does not is one. Each verdict was Chromium's own."""

import asyncio

import pytest

from streams.prober.check import CheckResult, checker
from tests.prober.servers import PRIVATE, answering, target, unless_late

OK = b"HTTP/1.1 200 OK\r\n"
TWO = b"Content-Length: 2\r\n\r\nok"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"

PASSES = {
    "a space in a name": OK + b"X My Header: a\r\n" + TWO,
    "a space after a name": OK + b"X-A : a\r\n" + TWO,
    "a space after Content-Length": OK + b"Content-Length : 2\r\n\r\nok",
    "no name": OK + b": a\r\n" + TWO,
    "no colon": OK + b"nonsense\r\n" + TWO,
    "a name beyond ASCII": OK + "X-é: a\r\n".encode() + TWO,
    "129 headers": OK + b"".join(b"X-%d: a\r\n" % number for number in range(128)) + TWO,
    "1,000 headers": OK + b"".join(b"X-%d: a\r\n" % number for number in range(999)) + TWO,
    "a header of 200,000 bytes": OK + b"X-A: " + b"a" * 200_000 + b"\r\n" + TWO,
    "a folded header": OK + b"X-A: a\r\n b\r\n" + TWO,
    "control characters": OK + b"X-A: a\x01b\rc\r\n" + TWO,
    "bytes after the body": OK + TWO + b" and more\r\n",
    "bytes after Connection: close": OK + b"Connection: close\r\n" + TWO + b" and more\r\n",
    "bytes after the chunks": OK + CHUNKED + b"2\r\nok\r\n0\r\n\r\nmore",
    "lines that end with LF": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    "chunks that end with LF": OK + CHUNKED + b"2\nok\n0\n\n",
    "a chunk size with spaces": OK + CHUNKED + b"2  \r\nok\r\n0\r\n\r\n",
    "a chunk extension": OK + CHUNKED + b"2;name=value\r\nok\r\n0\r\n\r\n",
    "no reason": b"HTTP/1.1 200\r\n" + TWO,
    "HTTP/1.0, no length": b"HTTP/1.0 200 OK\r\n\r\nok",
    "HTTP/2 in the status line": b"HTTP/2 200 OK\r\n" + TWO,
    "http in small letters": b"http/1.1 200 OK\r\n" + TWO,
    "a blank line first": b"\r\n" + OK + TWO,
    "the same length twice": OK + b"Content-Length: 2\r\n" + TWO,
    "the same length listed twice": OK + b"Content-Length: 2, 2\r\n\r\nok",
    "a length beside chunks": OK + b"Content-Length: 5\r\n" + CHUNKED + b"2\r\nok\r\n0\r\n\r\n",
    "a length that is none": OK + b"Content-Length: two\r\n\r\nok",
    "100 before": b"HTTP/1.1 100 Continue\r\n\r\n" + OK + TWO,
    "103 before": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK + TWO,
    "an offer of h2c": OK + b"Upgrade: h2,h2c\r\nConnection: Upgrade\r\n" + TWO,
}
BROKEN = {
    "nothing": b"",
    "no HTTP": b"hello\r\n\r\n",
    "headers without an end": OK + b"Content-Type: text/plain\r\n",
    "a header of 300,000 bytes": OK + b"X-A: " + b"a" * 300_000 + b"\r\n" + TWO,
    "headers of 300,000 bytes": OK + (b"X-A: " + b"a" * 993 + b"\r\n") * 300 + TWO,
    "a zero byte": OK + b"X-A: a\0b\r\n" + TWO,
    "two lengths": OK + b"Content-Length: 3\r\n" + TWO,
    "a body cut short": OK + b"Content-Length: 5\r\n\r\nok",
    "chunks without an end": OK + CHUNKED + b"2\r\nok\r\n",
    "chunks without a size": OK + CHUNKED + b"ok\r\n",
    "a chunk longer than it says": OK + CHUNKED + b"1\r\nok\r\n0\r\n\r\n",
}


def check(*answers: bytes, path: str = "/", times: int = 1) -> tuple[list[CheckResult], list[bytes]]:
    async def run() -> tuple[list[CheckResult], list[bytes]]:
        async with answering(*answers) as (base, heads), checker(PRIVATE) as checks:
            return [await checks.check(target(base + path)) for _ in range(times)], heads

    return unless_late(lambda: asyncio.run(run()))


@pytest.mark.parametrize("name", PASSES)
def test_what_a_browser_takes_is_good(name: str) -> None:
    ((result,), heads) = check(PASSES[name])
    assert (result.status_code, result.error) == (200, None)
    assert len(heads) == 1


@pytest.mark.parametrize("name", BROKEN)
def test_what_a_browser_refuses_is_no_answer(name: str) -> None:
    ((result,), heads) = check(BROKEN[name])
    assert result.status_code is None
    assert result.error is not None
    assert result.error.startswith("other: ")
    assert len(heads) == 1


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_a_status_without_a_body_waits_for_none(status: bytes) -> None:
    ((result,), _) = check(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\n")
    assert result.status_code == int(status[:3])


def test_every_second_connection_dropped_is_every_second_check_failed() -> None:
    """One connection a check, and nothing is tried again."""
    results, heads = check(*([b"", OK + TWO] * 5), times=10)
    assert [result.is_good for result in results] == [False, True] * 5
    assert len(heads) == 10


def test_the_path_and_query_are_asked_for_as_written() -> None:
    (_, (head,)) = check(OK + TWO, path="/a%2Fb/../c?sig=ab%2Fcd&x=%7e+%20[1]")
    assert head.startswith(b"GET /a%2Fb/../c?sig=ab%2Fcd&x=%7e+%20[1] HTTP/1.1\r\nHost: 127.0.0.1:")
