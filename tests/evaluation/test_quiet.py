"""How long a breach stays as it is that is held through silence, to the pane and the millisecond."""

import pytest

from streams.evaluation.exclusions import ExclusionRule, Exclusions
from streams.evaluation.knowledge import Knowledge
from streams.evaluation.quiet import Quiet
from streams.evaluation.series import Series
from streams.evaluation.transition import ObjectiveState
from streams.names import AVAILABILITY
from streams.windows.hopping import LONG_AGO
from tests.model.build import DEFAULTS, MINUTE_MS, clock_ms

OBJECTIVE = DEFAULTS["app-availability-15m"]
SILENT_MS = clock_ms("12:16")
LATENESS_MS = 10_000


def held(silent_ms: int | None = SILENT_MS) -> Series:
    series = Series(("com.example.app", "https://app.example.com"))
    series.add(clock_ms("12:00") // MINUTE_MS, 0, 1)
    series.put(OBJECTIVE.name, ObjectiveState(clock_ms("12:01"), silent_ms=silent_ms))
    return series


def quiet_after(judged: str, exclusions: Exclusions | None = None) -> Quiet:
    at_ms = clock_ms(judged)
    known = Knowledge(AVAILABILITY.id, LATENESS_MS, exclusions).at(at_ms)
    return Quiet(at_ms, OBJECTIVE.window_ms, MINUTE_MS, {OBJECTIVE.name: OBJECTIVE.hold_for_ms}, known)


@pytest.mark.parametrize(
    ("judged", "ends_ms"),
    [
        ("12:15", LONG_AGO),  # the last minute with a check is still in the window
        ("12:16", SILENT_MS + OBJECTIVE.hold_for_ms),
        ("+3d 12:00", SILENT_MS + OBJECTIVE.hold_for_ms),
    ],
)
def test_what_is_held_through_silence_stays_until_it_was_held_for_long_enough(judged: str, ends_ms: int) -> None:
    assert quiet_after(judged).ends_ms(held()) == ends_ms


def test_a_breach_that_is_not_silent_yet_may_change_at_the_next_boundary() -> None:
    assert quiet_after("12:16").ends_ms(held(silent_ms=None)) == LONG_AGO


def test_what_stands_at_rest_may_change_from_its_first_pane_on() -> None:
    series = Series(("com.example.app", "https://app.example.com"))
    series.add(clock_ms("12:00") // MINUTE_MS, 0, 1)
    series.add(clock_ms("12:05") // MINUTE_MS, 0, 1)
    assert quiet_after("12:16").ends_ms(series) == clock_ms("12:00")


@pytest.mark.parametrize(
    ("start", "end", "ends_ms"),
    [
        ("12:00", "12:01", SILENT_MS + OBJECTIVE.hold_for_ms),  # ends where the window begins
        ("12:00", "12:01:00.001", LONG_AGO),
        ("12:16", "13:00", LONG_AGO),
        ("12:16:00.001", "13:00", clock_ms("12:16:00.001")),
    ],
)
def test_an_exclusion_may_change_it_while_it_touches_the_window(start: str, end: str, ends_ms: int) -> None:
    exclusions = Exclusions()
    rule = ExclusionRule(None, None, is_planned=False, start_ms=clock_ms(start), end_ms=clock_ms(end))
    exclusions.add("one", rule, None)
    assert quiet_after("12:16", exclusions).ends_ms(held()) == ends_ms


def test_what_will_be_known_of_an_exclusion_may_change_it_from_the_boundary_that_knows_it() -> None:
    exclusions = Exclusions()
    rule = ExclusionRule(None, None, is_planned=False, start_ms=clock_ms("11:00"), end_ms=clock_ms("11:01"))
    exclusions.add("one", rule, clock_ms("12:30"))
    assert quiet_after("12:16", exclusions).ends_ms(held()) == clock_ms("12:30") - LATENESS_MS
