"""The prober's timetable, under a clock that jumps from one due check to the next; the servers are real."""

import asyncio
from heapq import heappop, heappush
from itertools import count

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from streams.producers.check import CheckResult, check_session
from streams.producers.prober import Prober, Report, next_round, phase_s
from tests.producers.servers import healthy, refusing, serving, target

INTERVAL_S = 60.0


class VirtualClock:
    """Time that moves on only when every one of `tasks` tasks waits: then to the earliest of their moments.

    Each wait lasts `oversleep_s` longer than asked for, as on a busy machine.
    """

    def __init__(self, tasks: int, oversleep_s: float = 0.0) -> None:
        self.now_s = 1_000.0
        self._tasks = tasks
        self._oversleep_s = oversleep_s
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = count()

    def epoch_ms(self) -> int:
        return round(self.now_s * 1_000)

    def monotonic_s(self) -> float:
        return self.now_s

    async def wait(self, seconds: float, stop: asyncio.Event) -> None:
        woken = asyncio.get_running_loop().create_future()
        heappush(self._waiting, (self.now_s + max(seconds, 0.0), next(self._order), woken))
        if stop.is_set():
            for _, _, waiter in self._waiting:
                waiter.set_result(None)
            self._waiting.clear()
        elif len(self._waiting) == self._tasks:
            due_s, _, first = heappop(self._waiting)
            self.now_s = max(self.now_s, due_s + self._oversleep_s)
            first.set_result(None)
        await woken


def probe(urls: int, results: int, *, oversleep_s: float = 0.0, report_takes_s: float = 0.0) -> list[CheckResult]:
    """The first `results` results of a prober of `urls` URLs of one healthy app."""
    clock = VirtualClock(urls, oversleep_s)

    async def run() -> list[CheckResult]:
        stop, seen = asyncio.Event(), list[CheckResult]()

        async def report(result: CheckResult) -> None:
            seen.append(result)
            clock.now_s += report_takes_s
            if len(seen) == results:
                stop.set()

        async with serving(healthy) as base, check_session() as session:
            targets = [target(f"{base}/{index}") for index in range(urls)]
            await Prober(session, report, clock).run(targets, INTERVAL_S, stop)
        return seen

    return asyncio.run(run())


def test_checks_are_spread_evenly_over_the_interval() -> None:
    results = probe(urls=6, results=18)
    assert [result.time_ms - results[0].time_ms for result in results] == [10_000 * step for step in range(18)]
    assert [result.target.url[-2:] for result in results] == ["/0", "/1", "/2", "/3", "/4", "/5"] * 3


def test_late_waking_and_slow_reports_add_up_to_no_drift() -> None:
    results = probe(urls=1, results=50, oversleep_s=0.7, report_takes_s=2.5)
    assert [result.time_ms - 1_000_000 for result in results] == [700 + 60_000 * step for step in range(50)]


def test_rounds_that_went_by_are_left_out() -> None:
    results = probe(urls=1, results=4, report_takes_s=130.0)
    assert [result.time_ms - 1_000_000 for result in results] == [0, 180_000, 360_000, 540_000]


@given(count=st.integers(1, 5_000), interval_s=st.floats(1, 3_600))
def test_phases_are_even_and_within_the_interval(count: int, interval_s: float) -> None:
    phases = [phase_s(index, count, interval_s) for index in range(count)]
    gaps = [after - before for before, after in zip(phases, [*phases[1:], phases[0] + interval_s], strict=True)]
    assert phases[0] == 0
    assert phases[-1] < interval_s
    assert max(gaps) - min(gaps) < 1e-6 * interval_s


@given(last=st.integers(0, 10**6), late_s=st.floats(-0.001, 10**5), interval_s=st.floats(1, 3_600))
def test_the_next_round_is_new_and_the_first_not_past(last: int, late_s: float, interval_s: float) -> None:
    elapsed_s = last * interval_s + late_s
    following = next_round(last, elapsed_s, interval_s)
    assert following > last
    assert following * interval_s >= elapsed_s - 1e-6 * (1 + elapsed_s)
    assert following == last + 1 or (following - 1) * interval_s < elapsed_s + 1e-6 * (1 + elapsed_s)


def test_one_round_reports_every_target_once() -> None:
    async def run(base: str, nowhere: str) -> list[CheckResult]:
        seen = list[CheckResult]()
        async with check_session() as session:
            await Prober(session, _collect(seen)).once([target(base, "com.up"), target(nowhere, "com.down")])
        return seen

    async def both() -> list[CheckResult]:
        with refusing() as nowhere:
            async with serving(healthy) as base:
                return await run(base, nowhere)

    outcome = {result.target.app_key: (result.status_code, result.error is None) for result in asyncio.run(both())}
    assert outcome == {"com.up": (200, True), "com.down": (None, False)}


def test_no_more_checks_are_under_way_than_allowed() -> None:
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

    async def run() -> int:
        seen = list[CheckResult]()
        async with serving(handler) as base, check_session() as session:
            targets = [target(f"{base}/{index}") for index in range(30)]
            await Prober(session, _collect(seen), concurrency=3).once(targets)
        return sum(result.status_code == 200 for result in seen)

    assert asyncio.run(run()) == 30
    assert peak == 3


def test_a_stop_lets_the_check_under_way_finish_and_be_reported() -> None:
    async def run() -> list[CheckResult]:
        arrived, answer, stop, seen = asyncio.Event(), asyncio.Event(), asyncio.Event(), list[CheckResult]()

        async def handler(_request: web.Request) -> web.StreamResponse:
            arrived.set()
            await answer.wait()
            return web.Response()

        async with serving(handler) as base, check_session() as session:
            targets = [target(f"{base}/{index}") for index in range(2)]  # the second is due in 30 s: never
            running = asyncio.create_task(Prober(session, _collect(seen)).run(targets, INTERVAL_S, stop))
            await arrived.wait()
            stop.set()
            answer.set()
            await running
        return seen

    results = asyncio.run(run())
    assert [(result.target.url[-2:], result.status_code) for result in results] == [("/0", 200)]


def test_a_result_that_cannot_be_reported_ends_the_prober() -> None:
    async def report(_result: CheckResult) -> None:
        raise ConnectionError("no broker")

    async def run() -> None:
        async with serving(healthy) as base, check_session() as session:
            targets = [target(f"{base}/{index}") for index in range(3)]
            await Prober(session, report).run(targets, INTERVAL_S, asyncio.Event())

    with pytest.raises(ExceptionGroup) as failure:
        asyncio.run(run())
    assert failure.group_contains(ConnectionError, match="no broker")


def _collect(into: list[CheckResult]) -> Report:
    async def report(result: CheckResult) -> None:
        into.append(result)

    return report
