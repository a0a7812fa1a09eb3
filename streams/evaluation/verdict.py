"""What the counts at a boundary say of an objective: the one place that knows the rule."""

from enum import StrEnum
from typing import Final

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


# Looked up once: a boundary judges every series that is breached.
EXCUSED: Final = Verdict.EXCUSED
SILENCE: Final = Verdict.SILENCE
TOO_FEW_EVENTS: Final = Verdict.TOO_FEW_EVENTS
BELOW: Final = Verdict.BELOW
HELD: Final = Verdict.HELD
MET: Final = Verdict.MET


def verdict_of(objective: Objective, window: Counts, short: Counts | None, *, is_breached: bool) -> Verdict:
    """The verdict on what counts in the window, and in the short one where the objective has one."""
    good, bad = window
    if good + bad < objective.minimum_events:
        return TOO_FEW_EVENTS if good or bad else SILENCE
    is_below = objective.stays_below if is_breached else objective.is_below
    if not is_below(good, bad):
        return MET
    if short is None:
        return BELOW
    if short == (0, 0):
        return HELD if is_breached and objective.silence is Silence.HOLD else MET
    return BELOW if is_below(*short) else MET


def is_excused(with_all: Verdict, after_exclusions: Verdict) -> bool:
    """Whether only what is excluded speaks for a breach."""
    return with_all in (BELOW, HELD) and after_exclusions not in (BELOW, HELD)
