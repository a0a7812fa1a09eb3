"""Trouble of the prober's own, made for real: it is never a result of the app's."""

import asyncio
import os
import resource
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from aiohappyeyeballs import AddrInfoType
from aiohttp import web

from streams.prober.check import CheckResult, checker
from streams.prober.left_out import LATE_S, LeftOut, OwnTroubleError
from tests.prober.servers import PRIVATE, healthy, refusing, serving, target, unless_late


@contextmanager
def no_more_files() -> Iterator[None]:
    """This process can open no file beyond those it has."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_without_a_file_descriptor_nothing_is_known_of_the_app() -> None:
    async def scenario() -> CheckResult:
        async with serving(healthy) as base, checker(PRIVATE) as checks:
            with no_more_files(), pytest.raises(OwnTroubleError) as trouble:
                await checks.check(target(base))
            assert trouble.value.kind is LeftOut.DESCRIPTORS
            return await checks.check(target(base))

    assert asyncio.run(scenario()).is_good


# Run in a network namespace of its own, in which there is nothing: no route, no way to the name service.
ALONE = """
import asyncio, sys
from streams.prober.check import checker
from streams.prober.left_out import OwnTroubleError
from tests.prober.servers import PRIVATE, target

async def main():
    async with checker(PRIVATE) as checks:
        for url in sys.argv[1:]:
            try:
                print(await checks.check(target(url)))
            except OwnTroubleError as trouble:
                print(trouble.kind)

asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://192.0.2.1/", "network"),
        ("https://[2001:db8::1]/", "network"),
        ("https://health.example.com/", "resolver"),
    ],
)
def test_without_a_network_nothing_is_known_of_the_app(url: str, kind: str) -> None:
    unshare = [shutil.which("unshare") or "unshare", "--map-root-user", "--net"]
    try:
        can_be = subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        can_be = False
    if not can_be:
        pytest.skip("this user may make no network namespace")
    command = [*unshare, sys.executable, "-c", ALONE, url]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert ended.stdout.split() == [kind], ended.stderr


class Resolver:
    """A name service of which some names, or all, get no answer."""

    def __init__(self, *, answers: bool) -> None:
        self.asked: list[str] = []
        self._answers = answers

    async def __call__(self, host: str, port: int) -> Sequence[AddrInfoType]:
        self.asked.append(host)
        is_control = host.endswith(".invalid")
        code = socket.EAI_NONAME if self._answers and is_control else socket.EAI_AGAIN
        raise socket.gaierror(code, "no answer")


def test_a_name_whose_own_servers_fail_is_the_app_s_trouble() -> None:
    resolver = Resolver(answers=True)

    async def scenario() -> CheckResult:
        resolver.asked.clear()
        async with checker(PRIVATE, lookup=resolver) as checks:
            return await checks.check(target("https://app.example/"))

    result = unless_late(lambda: asyncio.run(scenario()))
    assert result.error is not None
    assert result.error.startswith("dns: ")
    assert resolver.asked == ["app.example", "slo-streams-prober.invalid"]


def test_a_resolver_that_is_away_is_asked_about_itself_once_for_all() -> None:
    resolver = Resolver(answers=False)

    async def scenario() -> list[LeftOut]:
        async with checker(PRIVATE, lookup=resolver) as checks:
            found = []
            for number in range(3):
                with pytest.raises(OwnTroubleError) as trouble:
                    await checks.check(target(f"https://{number}.example/"))
                found.append(trouble.value.kind)
            return found

    assert asyncio.run(scenario()) == [LeftOut.RESOLVER] * 3
    assert resolver.asked.count("slo-streams-prober.invalid") == 1


def check_beside_a_busy_loop(handler: object, timeout_ms: int, busy_s: float) -> CheckResult:
    """A check during which the event loop stands still for a time."""

    async def scenario() -> CheckResult:
        async with serving(handler) as base, checker(PRIVATE, timeout_ms=timeout_ms) as checks:  # type: ignore[arg-type]
            asyncio.get_running_loop().call_later(0.05, time.sleep, busy_s)
            return await checks.check(target(base))

    return asyncio.run(scenario())


async def hangs(_request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


async def broken(_request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(0.1)
    return web.Response(status=500)


async def slow(_request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(0.1)
    return web.Response()


def test_a_timeout_while_the_prober_stood_still_is_left_out() -> None:
    with pytest.raises(OwnTroubleError) as trouble:
        check_beside_a_busy_loop(hangs, 300, 2 * LATE_S)
    assert trouble.value.kind is LeftOut.LOOP


def test_a_timeout_while_it_was_only_a_little_late_counts() -> None:
    result = unless_late(lambda: check_beside_a_busy_loop(hangs, 300, LATE_S / 5))
    assert result.error == "timeout: no full answer in time"


@pytest.mark.parametrize(("handler", "status"), [(slow, 200), (broken, 500)])
def test_what_was_answered_counts_though_the_prober_stood_still(handler: object, status: int) -> None:
    assert check_beside_a_busy_loop(handler, 2_999, 2 * LATE_S).status_code == status


def test_a_refused_connection_is_the_app_s_trouble() -> None:
    async def scenario(base: str) -> CheckResult:
        async with checker(PRIVATE) as checks:
            return await checks.check(target(base))

    with refusing() as base:
        result = unless_late(lambda: asyncio.run(scenario(base)))
    assert result.error is not None
    assert result.error.startswith("connect: ")
