"""The detector over hours: incidents that begin, grow, end, and that were none."""

from functools import lru_cache

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.common_cause.detector import Begin, Detector, End, Happening, What
from streams.common_cause.numbers import MINUTE_MS
from streams.common_cause.onset import Onset
from streams.common_cause.scope import Kind, Scope
from tests.common_cause.build import WEBHOOK, at, onset, onsets, rates


class EveryMinute(Detector):
    """Passes nothing over."""

    def _next(self, coming: object, place: int) -> float:
        return self.judged_ms + MINUTE_MS


def run(one: Detector, minute: int, begins: list[Begin]) -> list[Happening]:
    """All boundaries up to a minute, as often as it stops."""
    happened = []
    while one.judged_ms < at(minute):
        happened += one.run(at(minute), [begin for begin in begins if begin.onset.at_ms > one.judged_ms])
    return happened


def detector(kind: type[Detector] = Detector) -> Detector:
    return kind(at(0), [], [], lru_cache(lambda day_ms: rates(day_ms=day_ms)))


def begin(one: Onset, until: int | None = None, *, annulled: bool = False, is_long: bool = False) -> Begin:
    return Begin(one, None if until is None else End(at(until), annulled), is_long)


def dozen(until: int | None = 30, *, annulled: bool = False) -> list[Begin]:
    return [begin(onset(f"app-{n}", 3), until, annulled=annulled) for n in range(12)]


def said(happened: list[Happening]) -> list[tuple[int, str, int]]:
    """Minute, what, apps."""
    return [((one.at_ms - at(0)) // MINUTE_MS, one.what, one.apps) for one in happened]


def test_begins_and_is_over_half_an_hour_after_all_recovered() -> None:
    happened = run(detector(), 120, dozen(until=30))
    assert said(happened) == [(3, "OPENED", 12), (60, "OVER", 12)]
    assert happened[0].opening is not None
    assert happened[0].opening.scope == Scope(Kind.PRODUCT_METRIC, f"Jira/{WEBHOOK}")
    assert happened[1].ended_ms == at(30)


def test_grows_as_others_join() -> None:
    late = [begin(onset(f"late-{n}", 10 + n), 40) for n in range(3)]
    assert said(run(detector(), 20, dozen() + late)) == [
        (3, "OPENED", 12),
        (10, "GREW", 13),
        (11, "GREW", 14),
        (12, "GREW", 15),
    ]


def test_annulled_before_anybody_looked_it_never_was_one() -> None:
    assert said(run(detector(), 60, dozen(until=20, annulled=True))) == [(3, "OPENED", 12), (20, "ANNULLED", 0)]


def test_annulled_after_it_was_confirmed_it_stays() -> None:
    one = detector()
    (opened,) = run(one, 10, dozen(until=20, annulled=True))
    one.causes[opened.incident].forgives = False
    assert said(run(one, 60, [])) == [(50, "OVER", 12)]


def test_breaches_of_a_day_do_not_hold_it_open() -> None:
    long = [begin(onset(f"app-{n}", 3, metric="installation"), is_long=True) for n in range(12)]
    assert said(run(detector(), 120, long)) == [(3, "OPENED", 12), (33, "OVER", 12)]


def test_the_same_breaches_are_the_same_incident() -> None:
    assert run(detector(), 9, dozen())[0].incident == run(detector(), 30, dozen())[0].incident


@settings(max_examples=40, deadline=None)
@given(onsets, st.lists(st.tuples(st.integers(41, 90), st.booleans()), min_size=40, max_size=40), st.integers(1, 90))
def test_silence_passed_over_and_a_stop_between_change_nothing(
    drawn: list[Onset], ends: list[tuple[int, bool]], stop: int
) -> None:
    begins = [begin(one, until, annulled=annulled) for one, (until, annulled) in zip(drawn, ends, strict=False)]
    right = run(detector(EveryMinute), 150, begins)
    assert run(detector(), 150, begins) == right
    first = detector()
    happened = run(first, stop, [one for one in begins if one.onset.at_ms <= at(stop)])
    happened += run(first, 150, [one for one in begins if one.onset.at_ms > at(stop)])
    assert happened == right
    assert all(one.what is not What.OPENED or one.apps >= 3 for one in right)
