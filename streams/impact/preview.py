"""What exclusions would change before they are on record: every breach that would not count, every stage that moves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from streams.evaluation.exclusions import ExclusionRule
from streams.evaluation.objective import Objective
from streams.impact.facts import Connection, completed_ms, read_facts
from streams.settings import Settings
from streams.standing.facts import Rules, Stage
from streams.standing.ladder import history_of

_MOST_APPS: Final = 200  # looked at together
_TOUCHED: Final = """
select distinct app_key from alert
where type = 'BREACH' and severity = 'page' and (%(app)s::text is null or app_key = %(app)s)
  and (%(metric)s::text is null or metric = %(metric)s) and (%(scope)s::text is null or scope = %(scope)s)
  and time_ms > %(start)s and time_ms - (record->>'measurementDurationSeconds')::bigint * 1000 < %(end)s
"""


@dataclass(frozen=True, slots=True)
class Excused:
    """A breach that would not count."""

    app_key: str
    incident_id: str
    breached_ms: int


@dataclass(frozen=True, slots=True)
class Moved:
    """An app that would stand elsewhere."""

    app_key: str
    before: Stage
    after: Stage


@dataclass(frozen=True, slots=True)
class Preview:
    """By all that is known now, in the order of app keys. `uncounted`: apps that history has not counted yet."""

    breaches: Sequence[Excused]
    stages: Sequence[Moved]
    uncounted: Sequence[str]


def preview(
    connection: Connection,
    settings: Settings,
    objectives: Sequence[Objective],
    rules: Rules,
    tried: Mapping[str, ExclusionRule],
) -> Preview:
    """What would change if these exclusions were on record, by their ids."""
    apps: set[str] = set()
    for rule in tried.values():
        start_ms, end_ms = rule.span
        place = {"app": rule.app_key, "metric": rule.metric, "scope": rule.scope, "start": start_ms, "end": end_ms}
        apps.update(app for (app,) in connection.execute(_TOUCHED.encode(), place))
    completed = completed_ms(connection, settings) or 0
    breaches: list[Excused] = []
    stages: list[Moved] = []
    uncounted: list[str] = []
    in_order = sorted(apps)
    for start in range(0, len(in_order), _MOST_APPS):
        keys = in_order[start : start + _MOST_APPS]
        now = read_facts(connection, settings, objectives, rules, keys)
        then = read_facts(connection, settings, objectives, rules, keys, tried)
        for key in keys:
            excused = {one.incident_id for one in now[key].facts.breaches if one.excuse is None}
            breaches += [
                Excused(key, one.incident_id, one.breached_ms)
                for one in sorted(then[key].facts.breaches, key=lambda one: one.breached_ms)
                if one.excuse is not None and one.incident_id in excused
            ]
            at_ms = max(completed, now[key].latest_ms)
            before, after = (history_of(known.facts, at_ms, rules).stage for known in (now[key], then[key]))
            if before is not after:
                stages.append(Moved(key, before, after))
            if not then[key].is_complete:
                uncounted.append(key)
    return Preview(breaches, stages, uncounted)
