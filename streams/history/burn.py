"""How fast a rule sees the budget go: the burn rates over its windows, beside the one above which it fires."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import itemgetter
from typing import Final

from streams.evaluation.objective import Objective
from streams.history.boundary_counts import boundary_counts
from streams.history.codec import MINUTE_MS
from streams.history.minutes import Minutes
from streams.windows.hopping import Span

Rates = list[float | None]
"""Of each step; None without an event in the window, and after what is counted."""


@dataclass(frozen=True, slots=True)
class RuleBurn:
    """What a rule saw in each step, at the boundary at which it was nearest to firing.

    Both rates are of that one boundary, so both are above the threshold iff some boundary of the step was below the
    objective. A step without a boundary, the rule's hop being longer or the step just begun, has those of the last
    boundary before it. `is_below` is the verdict of the last boundary.
    """

    rule: Objective
    threshold: Fraction
    long: Rates
    short: Rates | None
    is_below: bool


_Seen = tuple[float, tuple[float | None, ...]]
"""How near to firing a boundary was, and the burn rate over each window."""
_NOTHING: Final[_Seen] = (-2.0, (None, None))


def can_be_drawn(rule: Objective, target: Fraction) -> bool:
    """Whether a rule has burn rates by the minute: counts are kept by that, and of nothing there is no multiple."""
    return target < 1 and rule.hop_ms % MINUTE_MS == 0


def rule_burn(
    rule: Objective,
    target: Fraction,
    told: Sequence[Minutes],
    spans: Iterable[Span],
    start_ms: int,
    step_ms: int,
    steps: int,
    end_ms: int,
) -> RuleBurn:
    """So many steps from a time on, of what is counted up to `end_ms`; `told` begins a window and a hop before."""
    spans, allowed = list(spans), 1 - target
    share = float(allowed)
    lengths_ms = [length_ms for length_ms in (rule.window_ms, rule.short_ms) if length_ms is not None]
    before_ms = start_ms - rule.hop_ms
    over = [boundary_counts(told, spans, length_ms, rule.hop_ms, before_ms, end_ms) for length_ms in lengths_ms]
    nearest, last, before, is_below = [_NOTHING] * steps, [_NOTHING] * steps, _NOTHING, False
    for at in zip(*over, strict=True):
        rates = tuple(bad / (good + bad) / share if good + bad else None for _, good, bad in at)
        seen = min(-1.0 if rate is None else rate for rate in rates), rates
        is_below = all(bad and rule.is_below(good, bad) for _, good, bad in at)
        step = (at[0][0] - start_ms - 1) // step_ms  # a boundary is of the step that it ends
        if step < 0:
            before = seen
        elif step < steps:
            nearest[step], last[step] = max(nearest[step], seen, key=itemgetter(0)), seen
    counted = min(steps, -(-(end_ms - start_ms) // step_ms))
    for step in range(counted):
        if last[step] is _NOTHING:
            nearest[step] = before
        else:
            before = last[step]
    long, short = ([_rounded(rates[at] if at < len(rates) else None) for _, rates in nearest] for at in (0, 1))
    return RuleBurn(rule, rule.budget / allowed, long, None if rule.short_ms is None else short, is_below)


def _rounded(rate: float | None) -> float | None:
    """To what a chart can show."""
    return None if rate is None else round(rate, 3)
