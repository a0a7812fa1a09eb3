"""How quickly incidents were found, told of and over: means by app, partner and month.

Pure. Trials and dismissed ones are in no statistics. An incident counts in the month (UTC) in which it began, once for
each of its apps and each of their partners; what has not happened yet counts in no mean.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import fmean


@dataclass(frozen=True, slots=True)
class Course:
    """How one incident went; epoch ms, None: not yet. `apps` are pairs of app and partner, where that is known."""

    apps: Sequence[tuple[str, str | None]]
    start_ms: int
    found_ms: int
    updated_ms: int | None = None
    ended_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Means:
    """Of so many incidents: mean ms from the first impact until it was found (MTTD), was told of, was over (MTTR)."""

    incidents: int
    to_detect_ms: float | None
    to_update_ms: float | None
    to_recover_ms: float | None


def month_of(at_ms: int) -> str:
    """The month of a time, UTC: `2026-03`."""
    return f"{datetime.fromtimestamp(at_ms / 1_000, UTC):%Y-%m}"


def by_app(courses: Iterable[Course]) -> dict[tuple[str, str], Means]:
    """(app, month) -> means."""
    return _means((course, {app for app, _ in course.apps}) for course in courses)


def by_partner(courses: Iterable[Course]) -> dict[tuple[str, str], Means]:
    """(partner, month) -> means; apps without a partner are left out."""
    return _means((course, {partner for _, partner in course.apps if partner is not None}) for course in courses)


def by_month(courses: Iterable[Course]) -> dict[str, Means]:
    """Month -> means, of all incidents."""
    return {month: means for (_, month), means in _means((course, {""}) for course in courses).items()}


def means_of(courses: Sequence[Course]) -> Means:
    """Of these incidents."""
    return Means(
        len(courses),
        _mean(one.found_ms - one.start_ms for one in courses),
        _mean(one.updated_ms - one.start_ms for one in courses if one.updated_ms is not None),
        _mean(one.ended_ms - one.start_ms for one in courses if one.ended_ms is not None),
    )


def _means(shares: Iterable[tuple[Course, set[str]]]) -> dict[tuple[str, str], Means]:
    found: dict[tuple[str, str], list[Course]] = defaultdict(list)
    for course, names in shares:
        for name in names:
            found[name, month_of(course.start_ms)].append(course)
    return {key: means_of(courses) for key, courses in sorted(found.items())}


def _mean(times_ms: Iterable[int]) -> float | None:
    known = [max(0, one) for one in times_ms]
    return fmean(known) if known else None
