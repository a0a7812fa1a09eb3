"""What is kept, published and shown of an app's standing."""

from collections.abc import Sequence
from typing import Any, Final

from schemas.event_time import utc_text, utc_text_if_any
from schemas.standing import Standing, StandingEpisode
from streams.standing.episodes import Episode
from streams.standing.facts import Rules
from streams.standing.ladder import Change, History

_MOST_IDS: Final = 1_000  # of an episode
_MOST_IDS_IN_ALL: Final = 10_000
_MOST_WHY: Final = 1_000
MOST_BYTES: Final = 512 * 1024
"""Of all episodes together: a record has to fit into what brokers take, which is 1 MB."""


def standing_record(app_key: str, history: History, last: Change, at_ms: int, rules: Rules) -> Standing:
    """The record of an app whose last change that was told is `last`, as of a time."""
    shown = episodes_shown(history.episodes, at_ms, rules)
    return Standing(
        appKey=app_key,
        stage=last.stage.value,
        since=utc_text(since_ms(history, last)),
        episodes=shown,
        reason=last.reason.value,
        time=utc_text(at_ms),
        episodesLeftOut=len(_recent(history.episodes, at_ms, rules)) - len(shown),
    )


def since_ms(history: History, last: Change) -> int:
    """Since when an app stands where it was told to, by what is known now."""
    if history.changes and history.changes[-1].stage is last.stage:
        return history.changes[-1].at_ms
    return last.at_ms


def episodes_shown(episodes: Sequence[Episode], at_ms: int, rules: Rules) -> list[StandingEpisode]:
    """Those that are open, or ended within the last two periods; of very many the newest for which there is room."""
    found: list[StandingEpisode] = []
    ids_left, bytes_left = _MOST_IDS_IN_ALL, MOST_BYTES
    for one in reversed(_recent(episodes, at_ms, rules)):
        shown = _episode(one, min(_MOST_IDS, ids_left))
        ids_left -= len(shown.incident_ids)
        bytes_left -= len(shown.model_dump_json().encode())
        if bytes_left < 0:
            break
        found.append(shown)
    return found[::-1]


def _recent(episodes: Sequence[Episode], at_ms: int, rules: Rules) -> list[Episode]:
    after_ms = at_ms - 2 * rules.period_ms
    return [one for one in episodes if one.end_ms is None or one.end_ms > after_ms]


def _episode(one: Episode, most_ids: int) -> StandingEpisode:
    why = one.why
    return StandingEpisode(
        start=utc_text(one.start_ms),
        end=utc_text_if_any(one.end_ms),
        incidentIds=[breach.incident_id for breach in one.breaches[:most_ids]],
        counts=one.counts,
        why=why if why is None or len(why) <= _MOST_WHY else f"{why[: _MOST_WHY - 1]}…",
        incidentsLeftOut=max(0, len(one.breaches) - most_ids),
    )


def steps_json(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """Steps as they are stored."""
    return [{"at": one.at_ms, "stage": one.stage, "reason": one.reason} for one in changes]
