"""Recurring maintenance: the same time of day by the clocks of its zone, and always bounded."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.registry.recurrence import HORIZON, MAX_OCCURRENCES, occurrences
from streams.registry.recurrence_rule import InvalidRuleError

BERLIN = ZoneInfo("Europe/Berlin")
SUNDAY = datetime(2026, 3, 22, 2, 30, tzinfo=BERLIN)
ALL = ",".join(map(str, range(60)))


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
        ("BYDAY=SU;COUNT=3", "FREQ is one of"),
        ("FREQ=SECONDLY;COUNT=3", "FREQ is one of"),
        ("FREQ=HOURLY;COUNT=3", "FREQ is one of"),
        ("FREQ=DAILY;", "an empty part"),
        ("FREQ=DAILY;COUNT", "COUNT is no part"),
        ("FREQ=DAILY;COUNT=2\nEXDATE:20260323T013000Z", "write for example"),
        ("FREQ=DAILY;TIMES=3", "knows no TIMES"),
        ("FREQ=DAILY;DTSTART=20250101T000000Z", "knows no DTSTART"),
        ("FREQ=YEARLY;BYEASTER=0;COUNT=3", "knows no BYEASTER"),
        ("RSCALE=HEBREW;FREQ=YEARLY;COUNT=3", "knows no RSCALE"),
        ("FREQ=WEEKLY;BYDAY=MO;BYDAY=TU;COUNT=3", "write it once: BYDAY=MO,TU"),
        ("FREQ=WEEKLY;BYMONTH=1;BYMONTH=2;COUNT=3", "write it once: BYMONTH=1,2"),
        ("FREQ=DAILY;FREQ=DAILY;COUNT=3", "FREQ stands there twice; write it once$"),
        ("FREQ=DAILY;COUNT=3;COUNT=4", "COUNT stands there twice; write it once$"),
        ("FREQ=DAILY;WKST=MO;WKST=SU;COUNT=3", "WKST stands there twice; write it once$"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20260401T000000Z", "write one of them"),
        ("FREQ=DAILY;UNTIL=20260401", "in UTC"),
        ("FREQ=DAILY;UNTIL=20260401T000000", "in UTC"),
        ("FREQ=DAILY;UNTIL=20260231T000000Z", "no time of a calendar"),
        ("FREQ=WEEKLY;BYDAY=1SU;COUNT=3", "write BYDAY=SU, or FREQ=MONTHLY;BYDAY=1SU"),
        ("FREQ=DAILY;BYDAY=-1SU;COUNT=3", "write BYDAY=SU, or FREQ=MONTHLY;BYDAY=-1SU"),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=1SU;COUNT=3", "beside BYWEEKNO: write BYDAY=SU"),
        ("FREQ=MONTHLY;BYDAY=0SU;COUNT=3", "BYDAY takes"),
        ("FREQ=MONTHLY;BYDAY=54SU;COUNT=3", "BYDAY takes"),
        ("FREQ=WEEKLY;BYDAY=XX", "BYDAY takes"),
        ("FREQ=WEEKLY;BYDAY=MO,,TU", "BYDAY takes"),
        ("FREQ=MONTHLY;BYWEEKNO=20;COUNT=3", "write for example FREQ=YEARLY;BYWEEKNO=20"),
        ("FREQ=DAILY;BYYEARDAY=200;COUNT=3", "write for example FREQ=YEARLY;BYYEARDAY=200"),
        ("FREQ=WEEKLY;BYMONTHDAY=1;COUNT=3", "forbids BYMONTHDAY beside FREQ=WEEKLY"),
        ("FREQ=MONTHLY;BYMONTHDAY=0;COUNT=3", "BYMONTHDAY takes 1 to 31, or -31 to -1"),
        ("FREQ=MONTHLY;BYMONTHDAY=32;COUNT=3", "not 32"),
        ("FREQ=YEARLY;BYMONTH=-1;COUNT=3", "BYMONTH takes 1 to 12, not -1"),
        ("FREQ=YEARLY;BYMONTH=+1;COUNT=3", "BYMONTH takes 1 to 12, not"),
        ("FREQ=YEARLY;BYWEEKNO=54;COUNT=3", "BYWEEKNO takes"),
        ("FREQ=YEARLY;BYYEARDAY=367;COUNT=3", "BYYEARDAY takes"),
        ("FREQ=DAILY;BYHOUR=24;COUNT=3", "BYHOUR takes 0 to 23"),
        ("FREQ=DAILY;BYMINUTE=60;COUNT=3", "BYMINUTE takes 0 to 59"),
        ("FREQ=DAILY;BYSECOND=60;COUNT=3", "BYSECOND takes 0 to 59"),
        ("FREQ=MONTHLY;BYSETPOS=-1;COUNT=3", "BYSETPOS chooses among"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0;COUNT=3", "BYSETPOS takes"),
        ("FREQ=WEEKLY;WKST=1SU;COUNT=3", "WKST, the first day of the week"),
        ("FREQ=DAILY;COUNT=0", "COUNT takes 1"),
        ("FREQ=DAILY;COUNT=-1", "COUNT takes 1"),
        ("FREQ=DAILY;INTERVAL=0;COUNT=3", "INTERVAL takes 1"),
        ("FREQ=DAILY;INTERVAL=-1;COUNT=3", "INTERVAL takes 1"),
        ("FREQ=DAILY;INTERVAL=1.5;COUNT=3", "write for example"),
        ("FREQ=DAILY;UNTIL=20250101T000000Z", "no occurrence from the start on"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=1", "no occurrence from the start on"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=1", "no occurrence from the start on"),
        ("FREQ=MONTHLY;BYDAY=6SU;COUNT=1", "no occurrence from the start on"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "within 90 days: bound it by COUNT or UNTIL"),
        ("FREQ=YEARLY;INTERVAL=999999999;COUNT=2", "write COUNT=1"),
        ("FREQ=DAILY;INTERVAL=999999999;COUNT=2", "write COUNT=1"),
        ("FREQ=YEARLY;COUNT=100", "only 75 occurrences until the year 2100: write COUNT=75"),
        (f"FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYMINUTE={ALL};BYSECOND={ALL}", "more than 1,000"),
    ],
)
def test_what_is_no_rule_is_refused_with_what_to_write(rule: str, why: str) -> None:
    with pytest.raises(InvalidRuleError, match=why):
        occurrences(rule, SUNDAY)


def test_the_first_week_is_whole_when_places_in_it_are_asked_for() -> None:
    wednesday = datetime(2026, 12, 2, 2, tzinfo=UTC)
    found = starts("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1;COUNT=3", wednesday)
    assert found == ["12-07T02:00Z", "12-14T02:00Z", "12-21T02:00Z"]


def test_a_week_of_the_year_without_a_day_has_that_of_the_start() -> None:
    assert starts("FREQ=YEARLY;BYWEEKNO=20;COUNT=2") == ["05-17T00:30Z", "05-23T00:30Z"]


def test_the_nth_and_every_day_are_both_meant() -> None:
    assert starts("FREQ=MONTHLY;BYDAY=-1MO,WE;COUNT=4") == [
        "03-25T01:30Z",
        "03-30T00:30Z",
        "04-01T00:30Z",
        "04-08T00:30Z",
    ]


def test_capital_letters_are_not_needed() -> None:
    assert starts("freq=weekly;byday=su;count=2") == ["03-22T01:30Z", "03-29T01:30Z"]


class TestStartInTheHourThatComesTwice:
    SECOND = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1)

    def test_the_start_is_the_second_where_it_says_so(self) -> None:
        assert starts("FREQ=DAILY;COUNT=2", self.SECOND) == ["10-25T01:30Z", "10-26T01:30Z"]

    def test_none_is_before_it(self) -> None:
        found = starts("FREQ=DAILY;BYHOUR=1,2,3;BYMINUTE=0,30,45;COUNT=3", self.SECOND)
        assert found == ["10-25T01:30Z", "10-25T02:00Z", "10-25T02:30Z"]


def test_a_start_that_the_clocks_leave_out_keeps_its_time_of_day() -> None:
    left_out = datetime(2026, 3, 29, 2, 30, tzinfo=BERLIN)
    assert starts("FREQ=DAILY;COUNT=2", left_out) == ["03-29T01:30Z", "03-30T00:30Z"]


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
