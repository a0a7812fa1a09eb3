"""The two demo apps behave as told, over real HTTP."""

import asyncio

import pytest

from streams.prober.check import checker
from streams.run.demo_apps import FLAKY_APP, STEADY_APP, Behaviour, demo_apps, flaky_behaviour
from tests.prober.servers import PRIVATE, unless_late


@pytest.mark.parametrize(
    ("age_s", "behaviour"),
    [
        (0, Behaviour.HEALTHY),
        (19.9, Behaviour.HEALTHY),
        (20, Behaviour.ERROR),
        (99.9, Behaviour.ERROR),
        (100, Behaviour.HEALTHY),
        (319, Behaviour.HEALTHY),
        (320, Behaviour.SLOW),
        (400, Behaviour.HEALTHY),
        (620, Behaviour.ERROR),
    ],
)
def test_the_flaky_app_keeps_its_timetable(age_s: float, behaviour: Behaviour) -> None:
    assert flaky_behaviour(age_s) is behaviour


def test_a_prober_that_comes_once_a_minute_meets_the_first_failure_within_two_minutes() -> None:
    for phase_s in range(60):
        visits = [flaky_behaviour(phase_s + 60 * step) for step in range(2)]
        assert Behaviour.ERROR in visits


def test_both_apps_answer_over_http() -> None:
    now_s = 5_000.0

    async def visit(age_s: float) -> dict[str, int | str | None]:
        nonlocal now_s
        now_s = 5_000.0
        async with demo_apps(lambda: now_s) as targets, checker(PRIVATE, timeout_ms=1_500) as checks:
            now_s += age_s
            results = [await checks.check(item) for item in targets]
        return {
            result.target.app_key: result.status_code or (result.error or "").partition(":")[0] for result in results
        }

    assert unless_late(lambda: asyncio.run(visit(1))) == {STEADY_APP: 200, FLAKY_APP: 200}
    assert unless_late(lambda: asyncio.run(visit(30))) == {STEADY_APP: 200, FLAKY_APP: 500}
    assert unless_late(lambda: asyncio.run(visit(330))) == {STEADY_APP: 200, FLAKY_APP: "timeout"}
