"""Times on the command line by the clocks of a time zone."""

import time
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from streams.cli.shared.moment import moment_ms
from streams.durations import duration_ms


def zone_named(name: str) -> ZoneInfo:
    """A time zone by its IANA name; for `typer.Option(parser=...)`.

    Raises:
        typer.BadParameter: there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise typer.BadParameter(f"{name!r} is no time zone; write for example Europe/Berlin or UTC") from None


def zoned_ms(text: str, zone: ZoneInfo | None, hint: str) -> int:
    """Epoch milliseconds of `now`, of a point in time as `moment_ms`, or of `2026-11-29T02:00` in a zone.

    Raises:
        typer.BadParameter: none of these, or a local time without a zone.
    """
    if text == "now":
        return time.time_ns() // 1_000_000
    local = _local(text)
    if local is not None:
        if zone is None:
            said = f"{text!r} is a local time: give its zone (--tz), or write {local.isoformat()}Z"
            raise typer.BadParameter(said, param_hint=hint)
        text = str(int(local.replace(tzinfo=zone).timestamp() * 1_000))
    try:
        return moment_ms(text)
    except typer.BadParameter as problem:
        raise typer.BadParameter(problem.message, param_hint=hint) from None


def _local(text: str) -> datetime | None:
    """A time that says nothing of its zone."""
    if text.isdecimal():
        return None  # epoch milliseconds
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is None else None


def length_ms(text: str, hint: str) -> int:
    """Milliseconds of a duration, more than none.

    Raises:
        typer.BadParameter: not one.
    """
    try:
        milliseconds = duration_ms(text)
    except ValueError as problem:
        raise typer.BadParameter(str(problem), param_hint=hint) from None
    if not milliseconds:
        raise typer.BadParameter("longer than nothing, please", param_hint=hint)
    return milliseconds
