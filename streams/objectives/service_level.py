"""What an SLO promises, whatever alerts on it: a target over a period, the error budget of which history keeps."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """A target for every series of a metric.

    `target` is the share of good events wanted, above 0 and at most 1, digit for digit as written; `period_ms` rolls.
    `budget_levels` are the percents of the budget at whose use history alerts, ascending.
    """

    name: str
    metric: str
    target: Fraction
    period_ms: int
    service: str | None = None
    budget_levels: tuple[int, ...] = ()
