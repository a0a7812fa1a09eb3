"""The prober at work, against real servers: who is checked when, and what becomes of it."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from streams.outbound.reach import Reach
from streams.prober.check import CheckResult, checker
from streams.prober.left_out import LeftOut, OwnTroubleError
from streams.prober.prober import Prober
from streams.prober.publish import Report
from streams.prober.schedule import phase_ms
from streams.prober.targets import HealthTarget
from tests.prober.servers import PRIVATE, Names, healthy, refusing, serving, target, unless_late

INTERVAL_MS = 300
LIMIT_S = 60


def collect(into: list[CheckResult], until: int | None = None, then: Callable[[], None] = lambda: None) -> Report:
    """A report that keeps results, and calls `then` at the `until`th."""

    async def report(result: CheckResult) -> None:
        into.append(result)
        if len(into) == until:
            then()

    return report


@asynccontextmanager
async def probing(
    report: Report,
    *,
    reach: Reach = PRIVATE,
    interval_ms: int = INTERVAL_MS,
    may_check: Callable[[], bool] = lambda: True,
    concurrency: int = 100,
) -> AsyncIterator[Prober]:
    """A prober that runs until the context is left."""
    async with checker(reach, timeout_ms=1_500) as checks, asyncio.timeout(LIMIT_S):
        prober = Prober(checks, report, interval_ms, may_check=may_check, concurrency=concurrency)
        async with asyncio.TaskGroup() as group:
            group.create_task(prober.run())
            yield prober
            prober.stop()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def test_each_url_is_checked_once_an_interval_at_its_own_moment() -> None:
    interval_ms = 3_000

    async def scenario() -> list[CheckResult]:
        seen, enough = list[CheckResult](), asyncio.Event()
        async with (
            serving(healthy) as base,
            probing(collect(seen, 40, enough.set), interval_ms=interval_ms) as prober,
        ):
            prober.watch("test", [target(f"{base}/{number}") for number in range(20)])
            await enough.wait()
        return seen

    rounds = Counter[tuple[HealthTarget, int]]()
    late_ms = []
    for result in asyncio.run(scenario()):
        after_ms = result.time_ms - phase_ms(result.target, interval_ms)
        rounds[result.target, after_ms // interval_ms] += 1
        late_ms.append(after_ms % interval_ms)
    assert max(rounds.values()) == 1
    assert len({url for url, _ in rounds}) == 20
    # On a machine that is busy some are late, and those too late are left out.
    assert sorted(late_ms)[len(late_ms) // 4] < interval_ms / 10


def test_urls_come_and_go_while_it_runs() -> None:
    async def scenario() -> None:
        seen = list[CheckResult]()
        async with serving(healthy) as base, probing(collect(seen)) as prober:
            stays, goes, comes = (target(f"{base}/{name}") for name in ("stays", "goes", "comes"))
            prober.watch("test", [stays, goes])
            await until(lambda: {stays, goes} <= {one.target for one in seen})
            prober.watch("test", [stays, comes])
            assert len(prober) == 2
            await until(lambda: comes in {one.target for one in seen})
            seen.clear()
            await until(lambda: all(sum(one.target == there for one in seen) >= 2 for there in (stays, comes)))
            assert {one.target for one in seen} == {stays, comes}
            prober.watch("test", [])
            assert len(prober) == 0

    asyncio.run(scenario())


def test_a_url_that_does_not_answer_delays_no_other_and_has_one_check_under_way() -> None:
    under_way, peak = 0, 0

    async def handler(request: web.Request) -> web.StreamResponse:
        nonlocal under_way, peak
        if request.path == "/hangs":
            under_way += 1
            peak = max(peak, under_way)
            try:
                await asyncio.Event().wait()
            finally:
                under_way -= 1
        return web.Response()

    async def scenario() -> None:
        seen = list[CheckResult]()
        async with serving(handler) as base, probing(collect(seen)) as prober:
            hangs, answers = target(f"{base}/hangs"), target(f"{base}/answers")
            prober.watch("test", [hangs, answers])
            await until(lambda: sum(one.target == answers for one in seen) >= 3)
            await until(lambda: prober.counts.left_out.total() >= 1)

    asyncio.run(scenario())
    assert peak == 1


def test_at_its_limit_a_check_is_left_out_and_not_made_late() -> None:
    release = asyncio.Event()

    async def handler(_request: web.Request) -> web.StreamResponse:
        await release.wait()
        return web.Response()

    async def scenario() -> None:
        seen = list[CheckResult]()
        async with serving(handler) as base, probing(collect(seen), concurrency=3) as prober:
            prober.watch("test", [target(f"{base}/{number}") for number in range(10)])
            await until(lambda: prober.counts.left_out.total() >= 7)
            release.set()
            await until(lambda: len({one.target for one in seen}) == 10)

    asyncio.run(scenario())


def test_what_may_no_longer_be_its_own_is_left_out() -> None:
    async def scenario() -> None:
        seen, is_own = list[CheckResult](), False
        async with serving(healthy) as base, probing(collect(seen), may_check=lambda: is_own) as prober:
            prober.watch("test", [target(base)])
            await until(lambda: prober.counts.left_out.total() >= 2)
            assert seen == []
            is_own = True
            await until(lambda: len(seen) >= 1)

    asyncio.run(scenario())


def test_a_refused_url_is_no_event_is_logged_once_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        seen = list[CheckResult]()
        async with serving(healthy) as base, probing(collect(seen), reach=Reach()) as prober:
            prober.watch("test", [target(base, "com.inside"), target("https://169.254.169.254/latest", "com.cloud")])
            await until(lambda: prober.counts.refused >= 6)
        assert seen == []
        assert prober.counts.good == prober.counts.bad == 0

    with caplog.at_level(logging.WARNING, "streams.prober.prober"):
        asyncio.run(scenario())
    assert sorted("com.cloud" in line for line in caplog.messages) == [False, True]


def test_a_name_that_moves_into_reach_is_checked_from_then_on() -> None:
    async def scenario() -> None:
        seen, addresses = list[CheckResult](), {"app.example": ["169.254.169.254"]}
        async with serving(healthy) as base, checker(PRIVATE, lookup=Names(addresses)) as checks:
            prober = Prober(checks, collect(seen), INTERVAL_MS)
            url = target(base.replace("127.0.0.1", "app.example"))
            await prober.once([url])
            assert (seen, prober.counts.refused) == ([], 1)
            addresses["app.example"] = ["127.0.0.1"]
            await prober.once([url])
            assert [one.status_code for one in seen] == [200]

    asyncio.run(scenario())


def test_one_round_reports_every_target_once() -> None:
    async def scenario() -> dict[str, tuple[int | None, bool]]:
        seen = list[CheckResult]()
        with refusing() as nowhere:
            async with serving(healthy) as base, checker(PRIVATE) as checks:
                prober = Prober(checks, collect(seen), INTERVAL_MS)
                await prober.once([target(base, "com.up"), target(nowhere, "com.down")])
        if prober.counts.left_out[LeftOut.LOOP]:
            raise OwnTroubleError(LeftOut.LOOP, "on the way to nowhere")
        assert len(seen) == 2
        return {one.target.app_key: (one.status_code, one.error is None) for one in seen}

    assert unless_late(lambda: asyncio.run(scenario())) == {"com.up": (200, True), "com.down": (None, False)}


def test_one_round_has_no_more_checks_under_way_than_allowed() -> None:
    under_way, peak, full = 0, 0, asyncio.Event()

    async def handler(_request: web.Request) -> web.StreamResponse:
        nonlocal under_way, peak
        under_way += 1
        peak = max(peak, under_way)
        if under_way == 3:
            full.set()
        await full.wait()  # nobody is answered before three have come
        await asyncio.sleep(0)
        under_way -= 1
        return web.Response()

    async def scenario() -> int:
        seen = list[CheckResult]()
        async with serving(handler) as base, checker(PRIVATE) as checks:
            prober = Prober(checks, collect(seen), INTERVAL_MS, concurrency=3)
            await prober.once([target(f"{base}/{index}") for index in range(30)])
        return sum(one.status_code == 200 for one in seen)

    assert asyncio.run(scenario()) == 30
    assert peak == 3


def test_a_stop_lets_the_check_under_way_finish_and_be_reported() -> None:
    async def scenario() -> None:
        arrived, answer, seen = asyncio.Event(), asyncio.Event(), list[CheckResult]()

        async def handler(_request: web.Request) -> web.StreamResponse:
            arrived.set()
            await answer.wait()
            return web.Response()

        async with serving(handler) as base, probing(collect(seen)) as prober:
            prober.watch("test", [target(base)])
            await arrived.wait()
            prober.stop()
            answer.set()
        assert [one.status_code for one in seen] == [200]

    asyncio.run(scenario())


def test_a_result_that_cannot_be_reported_ends_the_prober() -> None:
    async def report(_result: CheckResult) -> None:
        raise ConnectionError("no broker")

    async def scenario() -> None:
        async with serving(healthy) as base, probing(report) as prober:
            prober.watch("test", [target(f"{base}/{index}") for index in range(3)])
            await asyncio.Event().wait()

    with pytest.raises(ExceptionGroup) as failure:
        asyncio.run(scenario())
    assert failure.group_contains(ConnectionError, match="no broker")
