"""How long a breach stays as it is that is held through silence, to the pane and the millisecond."""

import pytest

from streams.evaluation.knowledge import Knowledge
from streams.evaluation.quiet import Quiet
from streams.evaluation.series import Series
from streams.evaluation.transition import ObjectiveState
from streams.names import AVAILABILITY
from streams.windows.hopping import LONG_AGO
from tests.model.build import DEFAULTS, MINUTE_MS, clock_ms

OBJECTIVE = DEFAULTS["app-availability-15m"]
SILENT_MS = clock_ms("12:16")


@pytest.mark.parametrize(
    ("judged", "ends_ms"),
    [
        ("12:15", LONG_AGO),  # the last minute with a check is still in the window
        ("12:16", SILENT_MS + OBJECTIVE.hold_for_ms),
        ("+3d 12:00", SILENT_MS + OBJECTIVE.hold_for_ms),
    ],
)
def test_what_is_held_through_silence_stays_until_it_was_held_for_long_enough(judged: str, ends_ms: int) -> None:
    series = Series(("com.example.app", "https://app.example.com"))
    series.add(clock_ms("12:00") // MINUTE_MS, 0, 1)
    series.put(OBJECTIVE.name, ObjectiveState(clock_ms("12:01"), silent_ms=SILENT_MS))
    at_ms = clock_ms(judged)
    known = Knowledge(AVAILABILITY.id, 10_000).at(at_ms)
    quiet = Quiet(at_ms, OBJECTIVE.window_ms, MINUTE_MS, {OBJECTIVE.name: OBJECTIVE.hold_for_ms}, known)
    assert quiet.ends_ms(series) == ends_ms
