"""Exclusions: time that does not count against apps, and since when that is known.

Whether an exclusion acts at a boundary depends on timestamps alone, never on when it was read: so the same logs give
the same alerts. A version with timestamp T is known to boundary B if T <= B + allowed lateness.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from streams.windows.hopping import LONG_AGO, NEVER, Span


@dataclass(frozen=True, slots=True)
class ExclusionRule:
    """The time [start, end) does not count; for one app and metric, or for all of them (None).

    A planned one counts only if its start was on record before it came: `end_ms` None is one that still goes on.
    """

    app_key: str | None
    metric: str | None
    is_planned: bool
    start_ms: int
    end_ms: int | None

    @property
    def span(self) -> Span:
        """The excluded time."""
        return self.start_ms, NEVER if self.end_ms is None else self.end_ms


@dataclass(frozen=True, slots=True)
class OnRecord:
    """What the versions of an exclusion have come to; `announced_ms` is the time of the one that set its start."""

    exclusion: ExclusionRule
    announced_ms: int

    @property
    def counts(self) -> bool:
        """Whether it takes anything out."""
        return not self.exclusion.is_planned or self.announced_ms < self.exclusion.start_ms


@dataclass(frozen=True, slots=True)
class _Version:
    """What was said of an exclusion at a time; None withdraws it."""

    exclusion: ExclusionRule | None
    known_ms: int


@dataclass(frozen=True, slots=True)
class KnownExclusions:
    """The exclusions of one metric that act at moments in [from_ms, until_ms), as long as none is added."""

    from_ms: int
    until_ms: int
    revision: int
    for_all: Sequence[Span]
    by_app: dict[str, list[Span]]

    def spans(self, app_key: str) -> Sequence[Span]:
        """The time excluded for an app; overlaps are possible."""
        its_own = self.by_app.get(app_key)
        return self.for_all if its_own is None else (*self.for_all, *its_own)


class Exclusions:
    """All versions of all exclusions, in the order of their log. `revision` tells whether any came since."""

    def __init__(self) -> None:
        self.revision = 0
        self._versions: dict[str, list[_Version]] = {}

    def add(self, exclusion_id: str, exclusion: ExclusionRule | None, known_ms: int | None) -> None:
        """The next version of an exclusion, None where it is withdrawn; `known_ms` None: known since ever."""
        version = _Version(exclusion, LONG_AGO if known_ms is None else known_ms)
        self._versions.setdefault(exclusion_id, []).append(version)
        self.revision += 1

    def on_record(self, moment_ms: int = NEVER) -> dict[str, OnRecord]:
        """The exclusions known at a moment and not withdrawn by then, by id, whether they count or not."""
        found = {}
        for exclusion_id, versions in self._versions.items():
            known = [version for version in versions if version.known_ms <= moment_ms]
            exclusion = known[-1].exclusion if known else None
            if exclusion is not None:
                found[exclusion_id] = OnRecord(exclusion, _announced_ms(known, exclusion.start_ms))
        return found

    def known_at(self, moment_ms: int, metric: str) -> KnownExclusions:
        """What acts on a metric at a boundary + allowed lateness."""
        for_all: list[Span] = []
        by_app: dict[str, list[Span]] = {}
        for one in self.on_record(moment_ms).values():
            exclusion = one.exclusion
            if not one.counts or exclusion.metric not in (None, metric):
                continue
            if exclusion.app_key is None:
                for_all.append(exclusion.span)
            else:
                by_app.setdefault(exclusion.app_key, []).append(exclusion.span)
        times_ms = [version.known_ms for versions in self._versions.values() for version in versions]
        return KnownExclusions(
            max((time_ms for time_ms in times_ms if time_ms <= moment_ms), default=LONG_AGO),
            min((time_ms for time_ms in times_ms if time_ms > moment_ms), default=NEVER),
            self.revision,
            for_all,
            by_app,
        )


def _announced_ms(known: Sequence[_Version], start_ms: int) -> int:
    """When the version came that set the start; later ones may have changed all the rest."""
    set_by = known[-1]
    for version in reversed(known):
        if version.exclusion is None or version.exclusion.start_ms != start_ms:
            break
        set_by = version
    return set_by.known_ms
