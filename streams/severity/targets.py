"""Response targets: what has to be done by when, and whether it was.

Source: the programme's incident page for SEV 1 and 2; eight business hours for SEV 3 are ours.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from streams.severity.severity import TABLES, ResponseTargets, Severity

OPENS, CLOSES = time(9), time(17)
_WORKDAYS: Final = range(5)


class Outcome(StrEnum):
    """What became of a target."""

    PENDING = "PENDING"
    MET = "MET"
    MISSED = "MISSED"


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Until when, epoch ms and inclusive; None: no target."""

    investigation_ms: int | None
    update_ms: int | None


def deadlines(
    severity: Severity | None,
    *,
    start_ms: int,
    paged_ms: int,
    rose_ms: int | None,
    zone: str,
    targets: ResponseTargets = TABLES.targets,
) -> Deadlines:
    """Targets of an incident that began, and whose people were paged, at these times.

    `start_ms` is the first impact. When severity rises to one with other targets, at `rose_ms`, the investigation runs
    from then; the update always runs from the start. `zone` is the IANA zone of the incident's business hours.
    """
    from_ms = paged_ms if rose_ms is None else max(paged_ms, rose_ms)
    if severity is None:
        return Deadlines(None, None)
    if severity is Severity.SEV3:
        return Deadlines(_after_business_hours(from_ms, ZoneInfo(zone), targets.business_hours), None)
    return Deadlines(from_ms + targets.investigation_ms, start_ms + targets.update_ms)


def outcome(deadline_ms: int | None, done_ms: int | None, now_ms: int) -> Outcome | None:
    """What became of a target by now; None where there is none. At the deadline itself it is met."""
    if deadline_ms is None:
        return None
    if done_ms is not None:
        return Outcome.MET if done_ms <= deadline_ms else Outcome.MISSED
    return Outcome.MISSED if now_ms > deadline_ms else Outcome.PENDING


def _after_business_hours(from_ms: int, zone: ZoneInfo, hours: int) -> int:
    """The moment by which so many hours of Monday to Friday, 9 to 17 by the wall clock, have gone by."""
    left = timedelta(hours=hours)
    at = datetime.fromtimestamp(from_ms / 1_000, zone)
    day = at.date()
    begin = at.astimezone(UTC)
    while True:
        opens, closes = (datetime.combine(day, clock, zone).astimezone(UTC) for clock in (OPENS, CLOSES))
        if day.weekday() in _WORKDAYS and begin < closes:
            begin = max(begin, opens)
            if closes - begin >= left:
                return round((begin + left).timestamp() * 1_000)
            left -= closes - begin
        day += timedelta(days=1)
