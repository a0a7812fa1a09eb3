"""What becomes of results while a prober doubts itself, is suspended, and goes on. Time is the test's."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence

import pytest

from streams.outbound.reach import Reach
from streams.prober.check import CheckResult, checker
from streams.prober.clock import SteadyClock
from streams.prober.gate import Gate
from streams.prober.left_out import LeftOut
from streams.prober.references import InvalidReferenceError, References, check_references
from streams.prober.targets import HealthTarget
from streams.prober.trust import SelfTrust, Trust
from tests.prober.servers import PRIVATE, healthy, refusing, serving

INTERVAL_MS = 60_000


class Clock:
    now_s = 1_000.0

    def epoch_ms(self) -> int:
        return int(1_000 * self.now_s)

    def monotonic_s(self) -> float:
        return self.now_s


class Scene:
    """A gate with no references unless given, and what came through it."""

    def __init__(self, references: References | None = None, *, reports_suspended: bool = False) -> None:
        self.clock = Clock()
        self.reported: list[CheckResult] = []
        self.left_out = Counter[LeftOut]()
        self.gate = Gate(
            self._report,
            SelfTrust(INTERVAL_MS),
            references or References(None, [], time.monotonic),  # type: ignore[arg-type]  # never called
            SteadyClock(self.clock),
            self.left_out,
            reports_suspended=reports_suspended,
        )

    async def _report(self, result: CheckResult) -> None:
        await asyncio.sleep(0)
        self.reported.append(result)

    async def round(self, urls: Sequence[HealthTarget], *, is_good: bool) -> None:
        """One interval in which each URL is checked."""
        for one in urls:
            self.clock.now_s += INTERVAL_MS / 1_000 / len(urls)
            status, duration_ms, error = (200, 5.0, None) if is_good else (None, None, "connect: refused")
            await self.gate(CheckResult(one, self.clock.epoch_ms(), status, duration_ms, error))

    @property
    def bad(self) -> int:
        return sum(not one.is_good for one in self.reported)


def urls(number: int, partners: int = 100) -> list[HealthTarget]:
    return [
        HealthTarget.model_construct(app_key=f"app-{index}", url="https://x/", partner=f"partner-{index % partners}")
        for index in range(number)
    ]


def test_of_many_urls_that_fail_at_once_hardly_a_check_is_reported_and_none_afterwards() -> None:
    async def scenario() -> None:
        scene, ours = Scene(), urls(6_000)
        await scene.round(ours, is_good=True)
        await scene.round(ours, is_good=False)
        assert scene.gate.suspension.since_ms is not None
        # 500 within ten seconds are needed for a doubt; from then on nothing bad is told.
        assert scene.bad <= 501
        await scene.round(ours, is_good=False)
        assert scene.bad <= 501
        assert scene.gate.suspension.bad == 12_000 - scene.bad
        await scene.round(ours, is_good=True)
        assert scene.gate.suspension.since_ms is None
        assert scene.bad <= 501
        assert scene.left_out[LeftOut.SUSPENDED] + len(scene.reported) == 4 * 6_000

    asyncio.run(scenario())


def test_suspended_results_are_reported_afterwards_where_that_is_wanted() -> None:
    async def scenario() -> None:
        scene, ours = Scene(reports_suspended=True), urls(20)
        await scene.round(ours, is_good=True)
        await scene.round(ours, is_good=False)
        assert scene.bad < 20
        await scene.round(ours, is_good=True)
        assert scene.bad == 20
        assert len(scene.reported) == 60
        for one in ours:
            times = [result.time_ms for result in scene.reported if result.target == one]
            assert len(set(times)) == 3

    asyncio.run(scenario())


def test_a_doubt_that_comes_to_nothing_delays_bad_results_by_an_interval_and_no_more() -> None:
    async def scenario() -> None:
        scene, ours = Scene(), urls(600)
        await scene.round(ours, is_good=True)
        few = ours[:120]  # a fifth of all: those of one cloud, whose checks happen to come one after the other
        for one in few:
            scene.clock.now_s += 0.1
            await scene.gate(CheckResult(one, scene.clock.epoch_ms(), None, None, "connect: refused"))
        waited = 120 - scene.bad
        assert waited > 0
        await scene.round(ours[120:], is_good=True)
        scene.clock.now_s += 10
        assert await scene.gate.look() is Trust.SURE
        assert scene.bad == 120
        assert scene.left_out.total() == 0

    asyncio.run(scenario())


def test_a_stop_in_doubt_reports_what_waits() -> None:
    async def scenario() -> None:
        scene, ours = Scene(), urls(600)
        await scene.round(ours, is_good=True)
        for one in ours[:120]:
            scene.clock.now_s += 0.1
            await scene.gate(CheckResult(one, scene.clock.epoch_ms(), None, None, "connect: refused"))
        await scene.gate.close()
        assert scene.bad == 120

    asyncio.run(scenario())


def test_where_no_reference_answers_not_one_bad_check_is_reported() -> None:
    async def scenario() -> None:
        with refusing() as nowhere:
            async with serving(healthy) as base, checker(PRIVATE) as checks:
                ours = urls(2)
                for references, suspended in (([nowhere], True), ([nowhere, base], False)):
                    scene = Scene(References(checks, references, time.monotonic))
                    await scene.round(ours, is_good=True)
                    await scene.round(ours, is_good=False)
                    assert (scene.gate.suspension.since_ms is not None) is suspended
                    assert scene.bad == (0 if suspended else 2)

    asyncio.run(scenario())


def test_a_reference_that_must_not_be_called_is_named() -> None:
    with pytest.raises(InvalidReferenceError, match=r"SLO_PROBER_REFERENCE_URLS: http://a\.example/: not https"):
        check_references(["https://b.example/", "http://a.example/"], Reach())
