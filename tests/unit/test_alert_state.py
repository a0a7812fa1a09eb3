"""The alert state held against the stored state: what is lacking, over, another application's."""

import orjson
import pytest

from schemas.event_time import utc_text
from streams.unit.alert_state import Differences, Shown, StateKey, breached_at_ms, differences, last_boundary_ms, shown
from tests.model.build import DEFAULTS, clock_ms

KEY: StateKey = ("com.example.app", "webhook-delivery-success-rate", "Jira", "webhook-delivery-15m")
NOON_MS = clock_ms("12:00")


def alert(kind: str = "BREACH", since_ms: int = NOON_MS) -> bytes:
    return orjson.dumps(
        {
            "type": kind,
            "breachedAt": utc_text(since_ms),
            "incidentId": "fNrYLMgXlmU",
            "measurementDurationSeconds": 900,
        }
    )


def seen(kind: str = "BREACH", since_ms: int = NOON_MS, application: str = "ours") -> Shown:
    found = shown(application, alert(kind, since_ms))
    assert found is not None
    return found


def compared(
    there: Shown | None,
    stored_ms: int | None,
    *,
    elsewhere: bool = False,
    is_judged: bool = True,
    judged_before: tuple[str, ...] | None = (KEY[3],),
    is_inherited: bool = False,
) -> Differences:
    return differences(
        {} if there is None else {KEY: there},
        {} if stored_ms is None else {KEY: stored_ms},
        application="ours",
        elsewhere={KEY[3]} if elsewhere else (),
        judged={KEY[3]} if is_judged else (),
        judged_before=judged_before,
        inherited={KEY} if is_inherited else (),
    )


@pytest.mark.parametrize(
    ("there", "stored_ms"),
    [(None, None), (seen(), NOON_MS), (seen("RECOVERY"), None), (seen("RECOVERY", NOON_MS - 60_000), None)],
)
def test_nothing_differs(there: Shown | None, stored_ms: int | None) -> None:
    assert compared(there, stored_ms) == Differences()


@pytest.mark.parametrize("there", [None, seen("RECOVERY"), seen(since_ms=NOON_MS - 60_000)])
def test_an_open_breach_that_is_not_shown_is_lacking(there: Shown | None) -> None:
    assert compared(there, NOON_MS) == Differences(lacking={KEY: NOON_MS})


def test_one_that_is_shown_and_not_stored_is_over() -> None:
    assert compared(seen(), None) == Differences(over={KEY: seen()})


def test_one_of_an_objective_that_another_judge_had_is_gone_on_with() -> None:
    assert compared(seen(), None, judged_before=("another",)) == Differences(taken_up={KEY: NOON_MS})


def test_one_that_is_neither_judged_here_nor_was_is_left_to_history() -> None:
    assert compared(seen(), None, is_judged=False, judged_before=("another",)) == Differences()


def test_where_nothing_was_judged_yet_it_may_still_be_found() -> None:
    assert compared(seen(), None, judged_before=None) == Differences(inherited={KEY: seen()})


@pytest.mark.parametrize("there", [None, seen(), seen("RECOVERY")])
@pytest.mark.parametrize("stored_ms", [None, NOON_MS])
def test_what_is_judged_elsewhere_is_not_touched(there: Shown | None, stored_ms: int | None) -> None:
    assert compared(there, stored_ms, elsewhere=True) == Differences()


def test_what_waits_to_be_found_again_is_not_over() -> None:
    assert compared(seen(), None, is_inherited=True) == Differences()


def test_of_the_application_before_open_breaches_wait_and_all_records_become_ours() -> None:
    before = seen(application="before")
    assert compared(before, None) == Differences(inherited={KEY: before}, others={KEY: before})
    over = seen("RECOVERY", application="before")
    assert compared(over, None) == Differences(others={KEY: over})


def test_of_the_application_before_a_breach_that_this_one_has_is_its_own() -> None:
    before = seen(application="before")
    assert compared(before, NOON_MS) == Differences(others={KEY: before})


def test_of_the_application_before_an_earlier_breach_waits_beside_our_own() -> None:
    before = seen(since_ms=NOON_MS - 60_000, application="before")
    assert compared(before, NOON_MS) == Differences(lacking={KEY: NOON_MS}, inherited={KEY: before})


def test_what_needs_nothing_hides_nothing_behind_it() -> None:
    elsewhere: StateKey = (*KEY[:3], "judged-elsewhere")
    earlier: StateKey = (*KEY[:2], "Confluence", KEY[3])
    found = differences(
        {elsewhere: seen(), earlier: seen(since_ms=NOON_MS - 60_000), KEY: seen()},
        {earlier: NOON_MS},
        application="ours",
        elsewhere={"judged-elsewhere"},
        judged={KEY[3]},
        judged_before=(KEY[3],),
        inherited=(),
    )
    assert found == Differences(lacking={earlier: NOON_MS}, over={KEY: seen()})


@pytest.mark.parametrize("value", [b"", b"{}", b"[]", b"\xff", alert("PANIC"), alert().replace(b"2026", b"sometime")])
def test_what_is_no_alert_shows_nothing(value: bytes) -> None:
    assert shown("ours", value) is None


def test_since_when_a_breach_is_open() -> None:
    assert breached_at_ms(alert(since_ms=NOON_MS)) == NOON_MS


def test_the_last_boundary_that_was_judged() -> None:
    objective = DEFAULTS["installation-callback-24h"]
    assert objective.hop_ms == 300_000
    assert last_boundary_ms(NOON_MS + 299_999, objective, 0) == NOON_MS
    assert last_boundary_ms(NOON_MS + 119_999, None, 0) == NOON_MS + 60_000
    assert last_boundary_ms(0, objective, NOON_MS) == NOON_MS
