"""A row of the matrix, and what came of it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tests.faults.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Amounts:
    """How much of everything: the same seed injects the same faults; events of the large loads are `scale` as many."""

    seed: int
    kills: int = 50
    soak_s: int = 600
    scale: float = 1.0


@dataclass
class Outcome:
    """What came of a row. `problem` says why it counts as failed, `left_out` why it was not played at all.

    `figures` are what was measured, by what it is with its unit; `missed` are goals of speed that it did not meet,
    which a busy machine is no failure for.
    """

    row: str
    answers: str
    injected: int = 0
    recovery_s: float | None = None
    took_s: float = 0.0
    verdict: Verdict = field(default_factory=Verdict)
    exits: dict[int, int] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)
    problem: str | None = None
    left_out: str | None = None


class LeftOutError(Exception):
    """A row that cannot be played on this machine; the message says why."""


class Row(Protocol):
    """One automated test; `answers` is what it is about, F1 to F17 of the fault matrix or a load."""

    @property
    def name(self) -> str: ...
    @property
    def answers(self) -> str: ...

    def play(self, folder: Path, amounts: Amounts) -> Outcome:
        """Play it on a Kafka of its own. From the main thread: brokers end with the thread that started them."""
