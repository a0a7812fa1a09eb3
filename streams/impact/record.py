"""What is kept, published and shown of an app's standing."""

from collections.abc import Sequence
from typing import Any, Final

from schemas.event_time import utc_text, utc_text_if_any
from schemas.standing import Standing, StandingEpisode
from streams.standing.episodes import Episode
from streams.standing.facts import Rules
from streams.standing.ladder import Change, History

_MOST_IDS: Final = 1_000


def standing_record(app_key: str, history: History, last: Change, at_ms: int, rules: Rules) -> Standing:
    """The record of an app whose last change that was told is `last`, as of a time."""
    return Standing(
        appKey=app_key,
        stage=last.stage.value,
        since=utc_text(since_ms(history, last)),
        episodes=episodes_shown(history.episodes, at_ms, rules),
        reason=last.reason.value,
        time=utc_text(at_ms),
    )


def since_ms(history: History, last: Change) -> int:
    """Since when an app stands where it was told to, by what is known now."""
    if history.changes and history.changes[-1].stage is last.stage:
        return history.changes[-1].at_ms
    return last.at_ms


def episodes_shown(episodes: Sequence[Episode], at_ms: int, rules: Rules) -> list[StandingEpisode]:
    """Those that are open, or ended within the last two periods."""
    after_ms = at_ms - 2 * rules.period_ms
    return [_episode(one) for one in episodes if one.end_ms is None or one.end_ms > after_ms]


def _episode(one: Episode) -> StandingEpisode:
    return StandingEpisode(
        start=utc_text(one.start_ms),
        end=utc_text_if_any(one.end_ms),
        incidentIds=[breach.incident_id for breach in one.breaches[:_MOST_IDS]],
        counts=one.counts,
        why=one.why,
    )


def steps_json(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """Steps as they are stored."""
    return [{"at": one.at_ms, "stage": one.stage, "reason": one.reason} for one in changes]
