"""Who asks, and so what may be seen. Nothing is read from the database without saying for whom."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who has logged in.

    `partners` are the ids of the partners whose apps may be seen, None: every app, as the platform team. Whoever is
    known by nothing of this sees nothing. `name` is what is written beside what he decides; who may not act only reads.
    A manager signs off reviews of incidents. `looks_as`: the partner with whose rights one of the platform team looks.
    """

    name: str
    partners: frozenset[str] | None = frozenset()
    may_act: bool = True
    is_manager: bool = False
    looks_as: str | None = None

    @property
    def is_platform(self) -> bool:
        """Whether every app may be seen."""
        return self.partners is None

    def looking_as(self, partner: str) -> "Viewer":
        """With that partner's rights, and only to read; whoever is not of the platform team stays who he is."""
        return Viewer(self.name, frozenset({partner}), may_act=False, looks_as=partner) if self.is_platform else self


def platform(name: str, *, is_manager: bool = False) -> Viewer:
    """One of the platform team."""
    return Viewer(name, None, is_manager=is_manager)


NOBODY: Final = Viewer("nobody")
"""Sees nothing at all."""
