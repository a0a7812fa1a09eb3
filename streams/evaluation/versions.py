"""Versions of what is said of one thing, in the order of their log, each known from a time on.

What holds at a moment depends on timestamps alone, never on when a version was read: so the same logs give the same
alerts.
"""

from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

from streams.windows.hopping import LONG_AGO, NEVER

Said = TypeVar("Said")


class Version(NamedTuple, Generic[Said]):
    """What was said; None where it was withdrawn."""

    said: Said | None
    known_ms: int

    @classmethod
    def of(cls, said: Said | None, known_ms: int | None) -> "Version[Said]":
        """Version from its record; one without a Kafka timestamp is known since ever."""
        return cls(said, LONG_AGO if known_ms is None else known_ms)


def known_by(versions: Sequence[Version[Said]], moment_ms: int) -> Sequence[Version[Said]]:
    """Versions known at a moment, in log order; the last of them holds."""
    return [version for version in versions if version.known_ms <= moment_ms]


def changes_after_ms(versions: Sequence[Version[Said]], moment_ms: int) -> int:
    """When the first one after a moment becomes known; never, if there is none."""
    return min((version.known_ms for version in versions if version.known_ms > moment_ms), default=NEVER)
