"""The time of an event, against the calendar of the standard library and exact fractions."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.event_time import FIRST_MS, LAST_MS, PATTERN, epoch_ms, read_times

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Event:
    time: int | str


def read_with_others(text: str) -> int | str | None:
    """What it is for an event among others; None where it is no time."""
    events: list[Event | None] = [None, Event(text), Event(FIRST_MS)]
    read_times(events)
    assert (events[0], events[2]) == (None, Event(FIRST_MS))
    return None if events[1] is None else events[1].time


@pytest.mark.parametrize(
    ("text", "utc", "ms"),
    [
        ("2022-03-24T15:40:00Z", "2022-03-24T15:40:00+00:00", 0),
        ("2022-03-24t15:40:00z", "2022-03-24T15:40:00+00:00", 0),
        ("2022-03-24T15:40:00.1Z", "2022-03-24T15:40:00+00:00", 100),
        ("2022-03-24T15:40:00.12Z", "2022-03-24T15:40:00+00:00", 120),
        ("2022-03-24T15:40:00.012z", "2022-03-24T15:40:00+00:00", 12),
        ("2022-03-24T15:40:59.9999999Z", "2022-03-24T15:40:59+00:00", 999),
        ("2022-03-24T15:40:00.000999999999999999999999Z", "2022-03-24T15:40:00+00:00", 0),
        ("2022-03-24T15:40:00+01:00", "2022-03-24T14:40:00+00:00", 0),
        ("2022-03-24T15:40:00.5-09:30", "2022-03-25T01:10:00+00:00", 500),
        ("2022-03-24T15:40:00-00:00", "2022-03-24T15:40:00+00:00", 0),
        ("2022-03-24T15:40:00+23:59", "2022-03-23T15:41:00+00:00", 0),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00+00:00", 0),
        ("1999-12-31T23:00:00-01:00", "2000-01-01T00:00:00+00:00", 0),
        ("2101-01-01T00:59:59.999999+01:00", "2100-12-31T23:59:59+00:00", 999),
    ],
)
def test_accepted(text: str, utc: str, ms: int) -> None:
    assert epoch_ms(text) == int(datetime.fromisoformat(utc).timestamp()) * 1_000 + ms
    assert read_with_others(text) == epoch_ms(text)
    assert re.search(PATTERN, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Z",
        "2022-03-24",
        "2022-03-24T15:40Z",
        "2022-03-24T15:40:00",
        "2022-03-24T15:40:00.Z",
        "2022-03-24T15:40:00,5Z",
        "2022-03-24T15:40:00.12345 Z",
        "2022-03-24T15:40:00.1234+5Z",
        "2022-03-24T15:40:005Z",
        "2022-03-24T15:40:00.5",
        "2022-03-24T15:40:00.123",
        "2022-03-24T15:40:00.1235",
        "2022-03-24T15:40:00.12-3Z",
        "2022-03-24T15:40:00.+01:00",
        "2022-03-24T15:40:00 Z",
        "2022-03-24T15:40:00ZZ",
        "2022-03-24T15:40:00Z\n",
        " 2022-03-24T15:40:00Z",
        "2022-03-24 15:40:00Z",
        "2022-03-24T15:40:61Z",
        "2022-03-24T15:40:60",
        "2022-03-24T15:60:00Z",
        "2022-03-24T24:00:00Z",
        "2022-03-24T15:40:00+1:00",
        "2022-03-24T15:40:00+0100",
        "2022-03-24T15:40:00+24:00",
        "2022-03-24T15:40:00+01:60",
        "2022-03-24T15:40:00\N{MINUS SIGN}01:00",
        "2022-3-24T15:40:00Z",
        "+2022-03-24T15:40:00Z",
        "20220324T154000Z",
        "2022-W12-4T15:40:00Z",
        "2022-03-24T15:40:0\N{ARABIC-INDIC DIGIT FIVE}Z",
        "2022-03-24T15:40:00.12\N{SUPERSCRIPT TWO}Z",
        "2022-03-24T15:40:00.1234\N{ARABIC-INDIC DIGIT FIVE}Z",
        "\N{FULLWIDTH DIGIT TWO}022-03-24T15:40:00Z",
        "1648136352345",
        "now",
    ],
)
def test_not_the_grammar(text: str) -> None:
    with pytest.raises(ValueError, match="is not an RFC 3339 time with an offset"):
        epoch_ms(text)
    assert read_with_others(text) is None


@pytest.mark.parametrize("day", ["2022-02-29", "2022-04-31", "2022-13-01", "2022-00-10", "2022-01-00", "0000-01-01"])
def test_no_such_day(day: str) -> None:
    for text in (f"{day}T12:00:00Z", f"{day}T12:00:00.123Z"):
        with pytest.raises(ValueError, match=f"there is no day {day}"):
            epoch_ms(text)
        assert read_with_others(text) is None


@pytest.mark.parametrize(
    "text",
    ["2016-12-31T23:59:60Z", "2016-12-31t23:59:60.987654z", "2016-12-31T15:59:60-08:00", "2017-01-01T05:29:60.5+05:30"],
)
def test_a_leap_second_is_the_last_millisecond_of_its_minute(text: str) -> None:
    assert epoch_ms(text) == epoch_ms("2016-12-31T23:59:59.999Z")
    assert read_with_others(text) == epoch_ms(text)
    assert re.search(PATTERN, text)


@pytest.mark.parametrize(
    "text", ["2016-12-31T12:59:60Z", "2016-12-31T23:58:60Z", "2016-12-31T23:59:60+01:00", "2016-12-31T00:00:60Z"]
)
def test_no_leap_second_in_the_middle_of_a_day(text: str) -> None:
    with pytest.raises(ValueError, match="is no leap second"):
        epoch_ms(text)


def test_the_bounds_are_inclusive() -> None:
    assert epoch_ms("2000-01-01T00:00:00Z") == epoch_ms(FIRST_MS) == 946_684_800_000
    assert epoch_ms("2100-12-31T23:59:59.999999Z") == epoch_ms(LAST_MS)


@pytest.mark.parametrize(
    "value",
    ["1999-12-31T23:59:59.999Z", "2000-01-01T00:00:00+00:01", "2101-01-01T00:00:00Z", "2100-12-31T23:59:59-00:01"],
)
def test_text_outside_the_years(value: str) -> None:
    with pytest.raises(ValueError, match="is outside the years 2000 to 2100"):
        epoch_ms(value)
    assert read_with_others(value) is None


@pytest.mark.parametrize("value", [FIRST_MS - 1, LAST_MS + 1, 0, -1, 1_648_136_352, 2**64])
def test_numbers_outside_the_years(value: int) -> None:
    with pytest.raises(ValueError, match="is outside the years 2000 to 2100"):
        epoch_ms(value)


@pytest.mark.parametrize("value", [True, 1_648_136_352_345.0, None, [], b"2022-03-24T15:40:00Z"])
def test_other_types(value: object) -> None:
    with pytest.raises(ValueError, match="RFC 3339 text or integer epoch milliseconds"):
        epoch_ms(value)  # type: ignore[arg-type]


def test_a_complaint_is_short_and_safe_to_log() -> None:
    with pytest.raises(ValueError, match="RFC 3339") as refusal:
        epoch_ms("\r\nforged log line" * 1_000)
    assert len(str(refusal.value)) < 200
    assert "\n" not in str(refusal.value)


@given(
    moment=st.datetimes(datetime(1999, 12, 30), datetime(2101, 1, 2)),  # noqa: DTZ001 - the offset is drawn beside it
    fraction=st.text("0123456789", min_size=1, max_size=30) | st.none(),
    offset_minutes=st.integers(-1_439, 1_439),
    zulu=st.sampled_from(["Z", "z", None]),
)
@example(moment=datetime(2022, 3, 24, 15, 40, 59), fraction="9" * 400, offset_minutes=0, zulu="Z")  # noqa: DTZ001
def test_agrees_with_the_calendar(
    moment: datetime, fraction: str | None, offset_minutes: int, zulu: str | None
) -> None:
    moment = moment.replace(microsecond=0)
    offset = timedelta(0) if zulu else timedelta(minutes=offset_minutes)
    sign, minutes = "-" if offset < timedelta(0) else "+", abs(offset) // timedelta(minutes=1)
    text = f"{moment.isoformat()}{'' if fraction is None else '.' + fraction}"
    text += zulu or f"{sign}{minutes // 60:02}:{minutes % 60:02}"

    seconds = (moment.replace(tzinfo=timezone(offset)) - EPOCH) // timedelta(seconds=1)
    expected = (seconds + Fraction(f"0.{fraction or 0}")) * 1_000 // 1
    assert re.search(PATTERN, text)
    if FIRST_MS <= expected <= LAST_MS:
        assert epoch_ms(text) == expected
        assert read_with_others(text) == expected
    else:
        with pytest.raises(ValueError, match="outside the years"):
            epoch_ms(text)
        assert read_with_others(text) is None


@given(
    position=st.integers(0, 30),
    cut=st.integers(0, 3),
    inserted=st.text("0123456789.:+-TtZz ", max_size=3),
    text=st.sampled_from(
        [
            "2022-03-24T15:40:00.123456Z",
            "2022-03-24T15:40:00-09:30",
            "2022-03-24T15:40:00.1+01:00",
            "2022-03-24T15:40:00.123Z",
        ]
    ),
)
def test_accepts_what_the_published_pattern_accepts(position: int, cut: int, inserted: str, text: str) -> None:
    text = text[:position] + inserted + text[position + cut :]
    try:
        epoch_ms(text)
    except ValueError as refusal:
        if "is not an RFC 3339 time" in str(refusal):  # and not: no such day, no leap second, outside the years
            assert not re.search(PATTERN.replace("$", r"\Z"), text)
        assert read_with_others(text) is None
    else:
        assert re.search(PATTERN, text)
        assert read_with_others(text) == epoch_ms(text)
