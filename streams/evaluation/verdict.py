"""What the counts at a boundary say of an objective: the one place that knows the rule."""

from enum import StrEnum

from streams.evaluation.objective import Objective, Silence

Counts = tuple[int, int]
"""(good, bad) of a window."""


class Verdict(StrEnum):
    """What the counts say; the first that applies."""

    EXCUSED = "EXCUSED"
    """Below, but not without what is excluded."""
    SILENCE = "SILENCE"
    TOO_FEW_EVENTS = "TOO_FEW_EVENTS"
    BELOW = "BELOW"
    HELD = "HELD"
    """Below over the window, and nothing in the short one: a breach that silence holds goes on."""
    MET = "MET"


def verdict_of(objective: Objective, window: Counts, short: Counts | None, *, is_breached: bool) -> Verdict:
    """The verdict on what counts in the window, and in the short one where the objective has one."""
    total = sum(window)
    if total == 0:
        return Verdict.SILENCE
    if total < objective.minimum_events:
        return Verdict.TOO_FEW_EVENTS
    if not objective.is_below(*window):
        return Verdict.MET
    if short is None:
        return Verdict.BELOW
    if short == (0, 0):
        return Verdict.HELD if is_breached and objective.silence is Silence.HOLD else Verdict.MET
    return Verdict.BELOW if objective.is_below(*short) else Verdict.MET


def is_excused(with_all: Verdict, after_exclusions: Verdict) -> bool:
    """Whether only what is excluded speaks for a breach."""
    for_a_breach = (Verdict.BELOW, Verdict.HELD)
    return with_all in for_a_breach and after_exclusions not in for_a_breach
