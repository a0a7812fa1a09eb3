"""What the job has to show, apart from how it is shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from schemas import Alert


@dataclass(frozen=True, slots=True)
class Status:
    """The job at a moment: events judged since its start, events still to judge, breaches not yet over."""

    events: int
    events_per_s: float
    lag: int
    open_breaches: int


class View(Protocol):
    """Where the job shows itself."""

    def say(self, line: str) -> None:
        """Tell people of a step of the job."""

    def complain(self, line: str) -> None:
        """What went wrong, and why."""

    def invite(self, environment: Mapping[str, str]) -> None:
        """Tell people how to look further, by commands with these variables."""

    def alert(self, alert: Alert) -> None:
        """Show a breach or a recovery, as it was published."""

    def status(self, status: Status) -> None:
        """How things stand; comes about once a second."""
