"""Recurring maintenance: the same time of day by the clocks of its zone, and always bounded."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.registry.recurrence import HORIZON, MAX_OCCURRENCES, InvalidRuleError, occurrences

BERLIN = ZoneInfo("Europe/Berlin")
SUNDAY = datetime(2026, 3, 22, 2, 30, tzinfo=BERLIN)


def starts(rule: str, first: datetime = SUNDAY) -> list[str]:
    return [
        f"{datetime.fromtimestamp(start_ms / 1_000, UTC):%m-%dT%H:%MZ}"
        for start_ms in occurrences(rule, first).starts_ms
    ]


def test_a_time_of_day_stays_when_the_clocks_change() -> None:
    # On 29 March there is no 02:30: it is taken by the clocks before the change.
    assert starts("FREQ=WEEKLY;BYDAY=SU;COUNT=3") == ["03-22T01:30Z", "03-29T01:30Z", "04-05T00:30Z"]


def test_a_time_of_day_that_comes_twice_is_the_first() -> None:
    october = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN)
    assert starts("FREQ=DAILY;COUNT=2", october) == ["10-25T00:30Z", "10-26T01:30Z"]


def test_the_first_is_the_first_that_the_rule_has_from_the_start_on() -> None:
    assert starts("FREQ=WEEKLY;BYDAY=TU;COUNT=2") == ["03-24T01:30Z", "03-31T00:30Z"]
    assert starts("RRULE:FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=2") == ["03-31T00:30Z", "04-30T00:30Z"]


def test_until_is_the_last_that_may_be() -> None:
    assert starts("FREQ=DAILY;UNTIL=20260324T013000Z")[-1] == "03-24T01:30Z"
    assert starts("FREQ=DAILY;UNTIL=20260324T012959Z")[-1] == "03-23T01:30Z"


def test_a_rule_without_a_bound_is_followed_to_the_horizon() -> None:
    found = occurrences("FREQ=WEEKLY", SUNDAY)
    assert found.is_cut
    assert len(found.starts_ms) == 13
    assert found.starts_ms[-1] <= (SUNDAY + HORIZON).timestamp() * 1_000
    assert not occurrences("FREQ=WEEKLY;COUNT=20", SUNDAY).is_cut


def test_a_thousand_are_the_most() -> None:
    assert len(occurrences(f"FREQ=DAILY;COUNT={MAX_OCCURRENCES}", SUNDAY).starts_ms) == MAX_OCCURRENCES
    with pytest.raises(InvalidRuleError, match="more than 1,000"):
        occurrences(f"FREQ=DAILY;COUNT={MAX_OCCURRENCES + 1}", SUNDAY)


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("", "write for example"),
        ("every sunday", "write for example"),
        ("BYDAY=SU;COUNT=3", "write for example"),
        ("FREQ=SECONDLY;COUNT=3", "FREQ is one of"),
        ("FREQ=HOURLY;COUNT=3", "FREQ is one of"),
        ("FREQ=DAILY;UNTIL=20260401", "in UTC"),
        ("FREQ=DAILY;UNTIL=soon", "write for example"),
        ("FREQ=DAILY;UNTIL=2026Z", "not a rule"),
        ("FREQ=WEEKLY;BYDAY=XX", "not a rule"),
        ("FREQ=DAILY;TIMES=3", "not a rule"),
        ("FREQ=DAILY;DTSTART=20250101T000000Z", "not a rule"),
        ("FREQ=DAILY;COUNT=2\nEXDATE:20260323T013000Z", "write for example"),
        ("FREQ=DAILY;COUNT=0", "no occurrence"),
        ("FREQ=DAILY;UNTIL=20250101T000000Z", "no occurrence"),
        ("FREQ=DAILY;INTERVAL=0", "more than 1,000"),
    ],
)
def test_what_is_no_rule_is_refused_with_a_reason(rule: str, why: str) -> None:
    with pytest.raises(InvalidRuleError, match=why):
        occurrences(rule, SUNDAY)


@given(
    first=st.datetimes(datetime(2020, 1, 1), datetime(2060, 1, 1), timezones=st.just(BERLIN)),  # noqa: DTZ001
    frequency=st.sampled_from(["DAILY", "WEEKLY", "MONTHLY"]),
    count=st.integers(1, 30),
    interval=st.integers(1, 3),
)
def test_occurrences_are_in_order_and_at_the_same_time_of_day(
    first: datetime, frequency: str, count: int, interval: int
) -> None:
    first = first.replace(second=0, microsecond=0, fold=0)
    starts_ms = occurrences(f"FREQ={frequency};INTERVAL={interval};COUNT={count}", first).starts_ms
    assert list(starts_ms) == sorted(set(starts_ms))
    assert len(starts_ms) == count
    for start_ms in starts_ms:
        shown = datetime.fromtimestamp(start_ms / 1_000, BERLIN)
        offset = shown.replace(tzinfo=None) - shown.replace(hour=first.hour, minute=first.minute, tzinfo=None)
        assert offset in (timedelta(0), timedelta(hours=1))  # an hour later where the time of day is left out
