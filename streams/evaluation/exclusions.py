"""Exclusions: time that does not count against apps, and since when that is known.

A version with timestamp T is known to boundary B if T <= B + allowed lateness.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from streams.evaluation.versions import Version, known_by
from streams.windows.hopping import LONG_AGO, NEVER, Span


@dataclass(frozen=True, slots=True)
class ExclusionRule:
    """The time [start, end) does not count; for one app, metric and scope, or for all of them (None).

    A planned one counts only if it was announced before it came: at `announced_ms`, or without one when its start was
    put on record. `end_ms` None is one that still goes on.
    """

    app_key: str | None
    metric: str | None
    is_planned: bool
    start_ms: int
    end_ms: int | None
    scope: str | None = None
    announced_ms: int | None = None

    @property
    def span(self) -> Span:
        """The excluded time."""
        return self.start_ms, NEVER if self.end_ms is None else self.end_ms


@dataclass(frozen=True, slots=True)
class OnRecord:
    """What the versions of an exclusion have come to, and when it was announced."""

    exclusion: ExclusionRule
    announced_ms: int

    @property
    def counts(self) -> bool:
        """Whether it takes anything out."""
        return not self.exclusion.is_planned or self.announced_ms < self.exclusion.start_ms


@dataclass(frozen=True, slots=True)
class KnownExclusions:
    """The exclusions of one metric that act at moments in [from_ms, until_ms), as long as none is added.

    `for_all` holds for every series; `for_some` for those of an app, of a scope, or of both (None: of all).
    """

    from_ms: int
    until_ms: int
    revision: int
    for_all: Sequence[Span]
    for_some: Mapping[tuple[str | None, str | None], Sequence[Span]]

    def its_own(self, app_key: str, scope: str) -> Sequence[Span]:
        """The time excluded for a series, beside what is for all; overlaps are possible."""
        some = self.for_some
        if not some:
            return ()
        return (*some.get((app_key, None), ()), *some.get((None, scope), ()), *some.get((app_key, scope), ()))

    def spans(self, app_key: str, scope: str) -> Sequence[Span]:
        """All the time excluded for a series."""
        return *self.for_all, *self.its_own(app_key, scope)


class Exclusions:
    """All versions of all exclusions, in the order of their log. `revision` tells whether any came since."""

    def __init__(self) -> None:
        self.revision = 0
        self._versions: dict[str, list[Version[ExclusionRule]]] = {}

    def add(self, exclusion_id: str, exclusion: ExclusionRule | None, known_ms: int | None) -> None:
        """The next version of an exclusion, None where it is withdrawn; `known_ms` None: known since ever."""
        self._versions.setdefault(exclusion_id, []).append(Version.of(exclusion, known_ms))
        self.revision += 1

    def ever(self) -> Iterator[ExclusionRule]:
        """All that any version said, also what was changed or withdrawn since."""
        return (version.said for versions in self._versions.values() for version in versions if version.said)

    def on_record(self, moment_ms: int = NEVER) -> dict[str, OnRecord]:
        """The exclusions known at a moment and not withdrawn by then, by id, whether they count or not."""
        found = {}
        for exclusion_id, versions in self._versions.items():
            known = known_by(versions, moment_ms)
            exclusion = known[-1].said if known else None
            if exclusion is not None:
                found[exclusion_id] = OnRecord(exclusion, _announced_ms(known, exclusion))
        return found

    def known_at(self, moment_ms: int, metric: str) -> KnownExclusions:
        """What acts on a metric at a boundary + allowed lateness."""
        for_all: list[Span] = []
        for_some: dict[tuple[str | None, str | None], list[Span]] = {}
        for one in self.on_record(moment_ms).values():
            exclusion = one.exclusion
            if not one.counts or exclusion.metric not in (None, metric):
                continue
            if exclusion.app_key is None and exclusion.scope is None:
                for_all.append(exclusion.span)
            else:
                for_some.setdefault((exclusion.app_key, exclusion.scope), []).append(exclusion.span)
        times_ms = [version.known_ms for versions in self._versions.values() for version in versions]
        return KnownExclusions(
            max((time_ms for time_ms in times_ms if time_ms <= moment_ms), default=LONG_AGO),
            min((time_ms for time_ms in times_ms if time_ms > moment_ms), default=NEVER),
            self.revision,
            for_all,
            for_some,
        )


def _announced_ms(known: Sequence[Version[ExclusionRule]], exclusion: ExclusionRule) -> int:
    """When it was announced: as it says, or when the version came that set the start, whatever changed later."""
    if exclusion.announced_ms is not None:
        return exclusion.announced_ms
    set_at_ms = known[-1].known_ms
    for said, known_ms in reversed(known):
        if said is None or said.start_ms != exclusion.start_ms:
            break
        set_at_ms = known_ms
    return set_at_ms
