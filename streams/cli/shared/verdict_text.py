"""What `slo-streams explain` says of a verdict, in words."""

from streams.cli.shared.text import utc_text
from streams.evaluation.objective import Silence
from streams.evaluation.transition import AlertReason
from streams.evaluation.verdict import Verdict
from streams.tables.explanation import Explanation, Window

_OTHERWISE_THEN = "not so when it was judged: events came later, or the objective changed"


def verdict_text(one: Explanation) -> str:
    """The rule that applies to the window, and what it led to."""
    if is_gone(one.window):
        return f"no longer kept: nothing before {utc_text(one.window.gone_before_ms or 0)} is"
    verdict, objective, standing = one.window.verdict, one.objective, one.standing
    is_breached = standing.breached_at_ms is not None
    total = one.window.good + one.window.bad
    match verdict:
        case Verdict.EXCUSED:
            said = "met: what failed is excluded"
        case Verdict.SILENCE:
            said = "silence: no counted event in the window"
        case Verdict.TOO_FEW_EVENTS:
            said = f"too few events: {total:,} of minimumEvents {objective.minimum_events:,}; not judged"
        case Verdict.HELD:
            said = "below the objective, with no event in the short window"
        case Verdict.MET if objective.is_below(one.window.good, one.window.bad):
            said = "met: below over the window, but not over the short one"
        case Verdict.MET:
            said = "met"
        case Verdict.BELOW:
            said = "below the objective"
    if not one.is_judged:
        return f"{said}, so far; this boundary is not judged yet"
    if one.window.end_ms != one.judged_ms:
        return said
    match verdict, is_breached:
        case Verdict.EXCUSED, True:
            return f"{said}, though the breach stands: {_OTHERWISE_THEN}"
        case Verdict.SILENCE, True:
            return f"{said}; {_held(one)}" if objective.silence is Silence.HOLD else said
        case Verdict.HELD, True:
            return f"{said}: the breach is held (silence: hold)"
        case Verdict.TOO_FEW_EVENTS, _:
            return f"{said}, everything stays as it was"
        case Verdict.BELOW, True:
            return f"{said}: BREACH" if standing.breached_at_ms == one.judged_ms else f"{said}: the breach stands"
        case Verdict.BELOW, False:
            return f"{said}{_row(standing.run, objective.alert_boundaries, 'BREACH')}"
        case Verdict.MET, True:
            return f"{said}{_row(standing.run, objective.recover_boundaries, 'RECOVERY')}"
    return said


def _held(one: Explanation) -> str:
    since_ms = one.standing.silent_ms
    if since_ms is None:
        return "the breach is held (silence: hold)"
    return f"the breach is held until {utc_text(since_ms + one.objective.hold_for_ms)} (silence: hold)"


def is_gone(window: Window) -> bool:
    """Whether nothing of a window is kept any more, so that nothing can be said of it."""
    return window.gone_before_ms is not None and window.gone_before_ms >= window.end_ms


def standing_text(one: Explanation) -> str:
    """Where the series stands, as of the last commit."""
    if one.standing.breached_at_ms is None:
        return "met"
    return f"breached since {utc_text(one.standing.breached_at_ms)}, incident {one.incident}"


def outlook_text(one: Explanation) -> str:
    """What the next boundary would bring if no further event came."""
    match one.outlook:
        case None:
            return "if no more came, nothing would be published"
        case AlertReason.BELOW_OBJECTIVE:
            return "if no more came, a BREACH"
    return f"if no more came, a RECOVERY ({one.outlook})"


def _row(run: int, needed: int, towards: str) -> str:
    """How many boundaries in a row speak for a change; none, if the stored counts are not those that were judged."""
    return f": {run} of {needed} boundaries in a row towards {towards}" if run else f", but {_OTHERWISE_THEN}"
