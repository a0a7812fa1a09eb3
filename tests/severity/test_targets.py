"""Response targets: at the minute, over nights, week-ends and changes of the clock."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from streams.severity.severity import Severity
from streams.severity.targets import Deadlines, Outcome, deadlines, outcome

ZONE = "Europe/Berlin"


def ms(text: str, zone: str = ZONE) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1_000)


def shown(at_ms: int | None, zone: str = ZONE) -> str:
    assert at_ms is not None
    return datetime.fromtimestamp(at_ms / 1_000, ZoneInfo(zone)).strftime("%a %d %H:%M")


def test_major_ones_run_from_the_page_and_from_the_start() -> None:
    told = deadlines(Severity.SEV2, start_ms=0, paged_ms=180_000, rose_ms=None, zone=ZONE)
    assert told == Deadlines(180_000 + 900_000, 3_600_000)
    rose = deadlines(Severity.SEV1, start_ms=0, paged_ms=180_000, rose_ms=7_200_000, zone=ZONE)
    assert rose == Deadlines(7_200_000 + 900_000, 3_600_000)  # the update is due already
    assert deadlines(None, start_ms=0, paged_ms=0, rose_ms=None, zone=ZONE) == Deadlines(None, None)


@pytest.mark.parametrize(
    ("paged", "due"),
    [
        pytest.param("2026-03-02 09:00", "Mon 02 17:00", id="a whole day"),
        pytest.param("2026-03-02 03:00", "Mon 02 17:00", id="before it opens"),
        pytest.param("2026-03-02 12:00", "Tue 03 12:00", id="over a night"),
        pytest.param("2026-03-02 17:00", "Tue 03 17:00", id="when it closes"),
        pytest.param("2026-03-06 16:00", "Mon 09 16:00", id="over a week-end"),
        pytest.param("2026-03-07 12:00", "Mon 09 17:00", id="on a Saturday"),
        pytest.param("2026-03-27 13:00", "Mon 30 13:00", id="over the change to summer time"),
    ],
)
def test_minor_ones_run_by_business_hours(paged: str, due: str) -> None:
    told = deadlines(Severity.SEV3, start_ms=0, paged_ms=ms(paged), rose_ms=None, zone=ZONE)
    assert (shown(told.investigation_ms), told.update_ms) == (due, None)


@pytest.mark.parametrize(
    ("done_ms", "now_ms", "became"),
    [
        (None, 100, Outcome.PENDING),
        (None, 101, Outcome.MISSED),
        (100, 500, Outcome.MET),
        (101, 500, Outcome.MISSED),
    ],
)
def test_at_the_deadline_it_is_met(done_ms: int | None, now_ms: int, became: Outcome) -> None:
    assert outcome(100, done_ms, now_ms) is became
    assert outcome(None, done_ms, now_ms) is None
