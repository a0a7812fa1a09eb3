"""Times and lengths as an operator writes them."""

from zoneinfo import ZoneInfo

import pytest
import typer

from streams.cli.shared.zoned import length_ms, zoned_ms, zoned_time

BERLIN = ZoneInfo("Europe/Berlin")


def test_a_time_of_day_that_the_clocks_leave_out_stays_as_written() -> None:
    found = zoned_time("2026-03-29T02:30", BERLIN, "--start")
    assert (found.hour, found.minute) == (2, 30)
    assert zoned_ms("2026-03-29T02:30", BERLIN, "--start") == zoned_ms("2026-03-29T01:30:00Z", None, "--start")


def test_an_instant_is_shown_by_the_clocks_of_the_zone_the_second_time_too() -> None:
    found = zoned_time("2026-10-25T01:30:00Z", BERLIN, "--start")
    assert (found.hour, found.minute, found.fold) == (2, 30, 1)


@pytest.mark.parametrize(
    ("text", "zone", "said"),
    [
        ("2026-03-29T02:30", None, "is a local time: give its zone"),
        ("1999-03-29T02:30", BERLIN, "outside the years 2000 to 2100"),
        ("soon", BERLIN, "not an RFC 3339 time"),
    ],
)
def test_what_is_no_time_is_refused(text: str, zone: ZoneInfo | None, said: str) -> None:
    with pytest.raises(typer.BadParameter, match=said):
        zoned_time(text, zone, "--start")


@pytest.mark.parametrize(("text", "said"), [("5", "Write 5m or 5h"), ("0s", "longer than nothing"), ("x", "duration")])
def test_a_length_has_a_unit(text: str, said: str) -> None:
    with pytest.raises(typer.BadParameter, match=said):
        length_ms(text, "--for")
    assert length_ms("90m", "--for") == 5_400_000
