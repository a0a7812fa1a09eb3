"""Times on the command line by the clocks of a time zone."""

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from schemas.event_time import epoch_ms
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


def zoned_time(text: str, zone: ZoneInfo | None, hint: str) -> datetime:
    """`now`, a point in time as `moment_ms`, or `2026-11-29T02:00`, as the clocks of the zone show it (UTC if none).

    A time of day that a change of clocks leaves out stays as written: a rule that starts there means it.

    Raises:
        typer.BadParameter: none of these, a local time without a zone, or a year that no record speaks of.
    """
    shown_by, local = zone or ZoneInfo("UTC"), _local(text)
    if local is not None and zone is None:
        said = f"{text!r} is a local time: give its zone (--tz), or write {local.isoformat()}Z"
        raise typer.BadParameter(said, param_hint=hint)
    try:
        if text == "now":
            return datetime.now(shown_by)
        if local is None:
            return datetime.fromtimestamp(moment_ms(text) / 1_000, shown_by)
        found = local.replace(tzinfo=shown_by)
        epoch_ms(found.isoformat())
    except (typer.BadParameter, ValueError) as problem:
        raise typer.BadParameter(str(problem), param_hint=hint) from None
    return found


def zoned_ms(text: str, zone: ZoneInfo | None, hint: str) -> int:
    """Epoch ms of such a time."""
    return epoch_ms(zoned_time(text, zone, hint).isoformat())


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
    if not text.strip()[-1:].isalpha():
        raise typer.BadParameter(f"{text} of what? Write {text}m or {text}h", param_hint=hint)
    if not milliseconds:
        raise typer.BadParameter("longer than nothing, please", param_hint=hint)
    return milliseconds
