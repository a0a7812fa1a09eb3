"""Reports: months, the times of breaches, and what is read of a small world."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.budgets.budget import Counts
from streams.history.minutes import Minutes
from streams.objectives.service_level import ServiceLevel
from streams.reports.month import Month
from streams.reports.report import Breach, SliMonth

LEVEL = ServiceLevel("webhook-delivery", "webhook-delivery-success-rate", Fraction(99, 100), 28 * 86_400_000)
HOUR = Month(2026, 3).start


def breach(at: int, *, told_s: int | None = None, recovered: int | None = None, window: int = 15) -> Breach:
    """A breach at a minute of the month."""
    at_ms = (HOUR + at) * 60_000
    return Breach(
        "i",
        LEVEL.metric,
        "Jira",
        "o",
        "page",
        window * 60_000,
        at_ms,
        None if told_s is None else at_ms + told_s * 1_000,
        None if recovered is None else (HOUR + recovered) * 60_000,
    )


def month(bad: dict[int, int], *breaches: Breach, length: int = 60) -> SliMonth:
    """The first hour of a month: ten events a minute, some of them bad."""
    failed = [bad.get(minute, 0) for minute in range(length)]
    minutes = Minutes(HOUR, [10 - count for count in failed], failed)
    return SliMonth("a", "A", LEVEL, "Jira", minutes.counts, minutes, breaches)


def test_months() -> None:
    march = Month.named("2026-03")
    assert (str(march), march.end - march.start) == ("2026-03", 31 * 1_440)
    assert march.first_ms == int(datetime(2026, 3, 1, tzinfo=UTC).timestamp()) * 1_000
    assert Month.before(datetime(2026, 1, 1, tzinfo=UTC)) == Month(2025, 12)
    assert Month.before(datetime(2026, 3, 31, 23, 59, tzinfo=UTC)) == Month(2026, 2)
    tokyo = datetime(2026, 4, 1, 3, tzinfo=UTC) - timedelta(hours=4)
    assert Month.before(tokyo) == Month(2026, 2)
    for name in ("2026-13", "2026", "march", "", "2026-03-01"):
        with pytest.raises(ValueError, match="is no month, as 2026-03"):
            Month.named(name)


@given(st.integers(1_990 * 12, 2_100 * 12), st.integers(-500, 500))
def test_months_follow_each_other_without_a_gap(number: int, by: int) -> None:
    one = Month(*divmod(number, 12)) if number % 12 else Month(number // 12, 12)
    assert one.end == one.moved(1).start
    assert one.moved(by).moved(-by) == one
    assert 28 * 1_440 <= one.end - one.start <= 31 * 1_440


def test_from_the_first_bad_event_of_its_window_to_the_breach_to_the_message_to_the_end() -> None:
    one = month({2: 1, 20: 3, 21: 3, 22: 3}, breach(23, told_s=12, recovered=40))
    assert one.time_to_detect_s == 3 * 60  # minute 2 is not in the window
    assert one.time_to_tell_s == 12
    assert one.time_to_recover_s == 17 * 60


def test_medians_and_what_is_not_known() -> None:
    one = month({20: 3}, breach(21, told_s=10), breach(22, told_s=20, recovered=30), breach(23, told_s=90))
    assert one.time_to_tell_s == 20
    assert one.time_to_recover_s == 8 * 60
    nothing = month({}, breach(21))
    assert (nothing.time_to_detect_s, nothing.time_to_tell_s, nothing.time_to_recover_s) == (None, None, None)
    before = month({20: 3}, breach(-5))
    assert before.time_to_detect_s is None


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [(99, 1, "99 %"), (98_999_999, 1_000_001, "98.9999 %"), (1, 0, "100 %"), (2, 1, "66.6666 %")],
)
def test_what_was_reached_is_cut_and_never_reads_better(good: int, bad: int, said: str) -> None:
    one = SliMonth("a", "A", LEVEL, "Jira", Counts(good, bad), Minutes(HOUR, [], []), [])
    assert one.attainment_text == said


def told_after(url: str, seconds: int) -> None:
    """Messages were accepted so long after each breach."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "update slo.delivery d set sent_at = to_timestamp(n.time_ms / 1000.0 + %s) "
            "from slo.notification n where n.id = d.notification",
            [seconds],
        )
