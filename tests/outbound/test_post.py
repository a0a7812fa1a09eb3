"""Posting to local servers of every behaviour: what comes back, what does not, and what is never called."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web

from streams.outbound.post import READ_LIMIT_BYTES, Answer, NoAnswerError
from streams.outbound.reach import Reach, RefusedError
from tests.prober.servers import PRIVATE, Handler, Names, answering, posting, refusing, serving


def post_to(act: Handler, *, timeout_s: float = 60) -> Answer:
    async def main() -> Answer:
        async with serving(act) as url, posting(PRIVATE, timeout_s=timeout_s) as posts:
            return await posts.post(f"{url}/hook?x=%2F", b"{}", {"Content-Type": "application/json"})

    return asyncio.run(main())


def test_body_headers_and_url_arrive_as_they_are() -> None:
    async def act(request: web.Request) -> web.StreamResponse:
        said = await request.read(), request.headers["Content-Type"], request.raw_path, request.headers["User-Agent"]
        return web.Response(status=202, text=repr(said))

    assert post_to(act) == Answer(202, repr((b"{}", "application/json", "/hook?x=%2F", "slo-streams")), None)


def test_a_redirect_is_not_followed() -> None:
    paths: list[str] = []

    async def act(request: web.Request) -> web.StreamResponse:
        paths.append(request.path)
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    assert post_to(act).status == 307
    assert paths == ["/hook"]


def test_of_an_endless_answer_only_the_beginning_is_read() -> None:
    async def act(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65_536)

    assert len(post_to(act).text) <= READ_LIMIT_BYTES


def test_a_server_that_does_not_answer_is_given_up() -> None:
    async def act(_: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(NoAnswerError, match=r"no answer within 0\.1 s"):
        post_to(act, timeout_s=0.1)


def test_nobody_there_or_no_http_is_no_answer() -> None:
    async def main() -> None:
        async with answering(b"SSH-2.0-OpenSSH\r\n") as (url, _), posting(PRIVATE) as posts:
            with pytest.raises(NoAnswerError):
                await posts.post(url, b"", {})
            with refusing() as nobody, pytest.raises(NoAnswerError, match="Cannot connect"):
                await posts.post(nobody, b"", {})

    asyncio.run(main())


@pytest.mark.parametrize(
    ("text", "seconds"), [("120", 120), ("0", 0), ("soon", None), ("", None), ("-5", None), ("9" * 400, None)]
)
def test_retry_after_in_seconds(text: str, seconds: float | None) -> None:
    async def act(_: web.Request) -> web.StreamResponse:
        return web.Response(status=429, headers={"Retry-After": text})

    assert post_to(act).retry_after_s == seconds


def test_retry_after_as_a_date() -> None:
    async def act(_: web.Request) -> web.StreamResponse:
        then = format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True)
        return web.Response(status=503, headers={"Retry-After": then})

    waits_s = post_to(act).retry_after_s
    assert waits_s is not None
    assert 7_100 < waits_s <= 7_200


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9093/",
        "https://127.0.0.1/",
        "https://hooks.example/",  # a name that stands for a private address
        "https://169.254.169.254/latest/meta-data",
        "ftp://hooks.example/",
        "https://user:secret@hooks.example/",
    ],
)
def test_what_is_not_public_is_never_called(url: str) -> None:
    async def main() -> None:
        async with posting(Reach(), lookup=Names({"hooks.example": ["10.0.0.7"]})) as posts:
            await posts.post(url, b"", {})

    with pytest.raises(RefusedError):
        asyncio.run(main())
