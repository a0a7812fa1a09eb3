"""Who asks, and so what may be seen. Nothing is read from the database without saying for whom."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who has logged in.

    `partners` are the ids of the partners whose apps may be seen, None: every app, as the platform team. Whoever is
    known by nothing of this sees nothing. `name` is what is written beside what he decides.
    """

    name: str
    partners: frozenset[str] | None = frozenset()

    @property
    def is_platform(self) -> bool:
        """Whether every app may be seen."""
        return self.partners is None


def platform(name: str) -> Viewer:
    """One of the platform team."""
    return Viewer(name, None)


NOBODY: Final = Viewer("nobody")
"""Sees nothing at all."""
