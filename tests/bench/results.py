"""All readings of a run: what stands in the middle, and which goals that reaches."""

from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final

from tests.bench.case import Reading

Name = tuple[str, str]
"""(part, what is measured, with its unit)."""


@dataclass(frozen=True, slots=True)
class Goal:
    """Bounds for the median of all rounds."""

    name: Name
    at_least: float | None = None
    at_most: float | None = None

    def is_reached(self, value: float) -> bool:
        """Whether a value lies within the bounds."""
        return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)


GOALS: Final = (
    Goal(("worker", "events per CPU second"), at_least=400_000),
    Goal(("worker", "times the raw loop"), at_least=1.0),
    Goal(("restore", "rows per second"), at_least=200_000),
    Goal(("overlap", "288 : 15 panes"), at_most=1.15),
)


@dataclass(slots=True)
class Results:
    """Values by name, one for each round, in the order they were first measured."""

    values: dict[Name, list[float]] = field(default_factory=dict)

    def add(self, reading: Reading) -> None:
        """Take in one reading."""
        for name, value in reading.items():
            self.values.setdefault(name, []).append(value)

    def judged(self) -> list[tuple[Goal, float, bool]]:
        """Goals whose value was measured, with it, and whether it reaches them."""
        medians = {name: median(values) for name, values in self.values.items()}
        return [
            (goal, medians[goal.name], goal.is_reached(medians[goal.name])) for goal in GOALS if goal.name in medians
        ]

    def document(self, **context: object) -> dict[str, Any]:
        """The results as JSON has them; `context` says what was run, and where."""
        return {
            **context,
            "measured": [
                {"part": part, "what": what, "median": median(values), "rounds": values}
                for (part, what), values in self.values.items()
            ],
            "goals": [
                {
                    "part": goal.name[0],
                    "what": goal.name[1],
                    "atLeast": goal.at_least,
                    "atMost": goal.at_most,
                    "median": value,
                    "reached": reached,
                }
                for goal, value, reached in self.judged()
            ],
        }
