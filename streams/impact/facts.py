"""The facts of apps, as the database has them at one moment: breaches, what excuses them, and decisions."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, NamedTuple

import psycopg

from streams.evaluation.exclusions import ExclusionRule, Exclusions
from streams.evaluation.objective import Objective, usual_hop_ms
from streams.history.codec import MINUTE_MS
from streams.history.completed import completed_minutes
from streams.history.minutes import Minutes, chosen
from streams.history.reading import StoredSeries, read_exclusions, read_minutes, read_series, read_watermarks
from streams.history.sources import by_scope
from streams.impact.recount import Panes, is_excused
from streams.registry.exclusions import Series, acting
from streams.settings import Settings
from streams.standing.facts import DAY_MS, Act, Breach, Decision, Facts, MissedTarget, Rules, Stage
from streams.windows.hopping import NEVER

Connection = psycopg.Connection[tuple[Any, ...]]

PAGE: Final = "page"
# An alert whose breach is lost to the topic's retention is known by its recovery.
_BREACHES: Final = """
select app_key, incident_id, min(metric), min(scope), min(objective), min(breached_at_ms),
  max(time_ms) filter (where type = 'RECOVERY'), max(reason) filter (where type = 'RECOVERY'),
  (array_agg(record order by type))[1]
from alert where app_key = any(%s) and severity = 'page' group by app_key, incident_id
"""
_KEPT: Final = """
select excuse, exists (
  select from all_sums s where s.series = any(%s) and s.day between %s and %s
  and not exists (select from all_counts c where (c.series, c.day) = (s.series, s.day))
) from (values (1)) as one left join recount on incident_id = %s
"""
_ENROLLED: Final = "select app_key, enrolled_at_ms from app where app_key = any(%s) and enrolled_at_ms is not null"
_DECISIONS: Final = """
select app_key, act, stage, until_ms, at_ms from decision where app_key = any(%s) and appeal is null order by id
"""
_ACCEPTED: Final = """
select app_key, incident_id, id from (
  select distinct on (appeal.id) appeal.app_key, appeal.incident_id, appeal.id, decision.act
  from decision join appeal on appeal.id = decision.appeal
  where appeal.app_key = any(%s) order by appeal.id, decision.id desc
) as newest where act = 'ACCEPT_APPEAL' order by id
"""
_MISSED: Final = """
select distinct app_key, one.day from period_verdict as one join period_verdict as former
  using (app_key, metric, scope, slo)
where app_key = any(%s) and former.day = one.day - %s
  and one.is_missed and one.is_covered and former.is_missed and former.is_covered
"""


class _Row(NamedTuple):
    """A breach as the database has it."""

    app_key: str
    incident_id: str
    metric: str
    scope: str
    objective: str
    breached_ms: int
    recovered_ms: int | None
    recovery_reason: str | None
    record: Mapping[str, Any]

    @property
    def window_ms(self) -> int:
        return int(self.record["measurementDurationSeconds"]) * 1_000

    @property
    def series(self) -> Series:
        return Series(self.app_key, self.metric, self.scope)


@dataclass(frozen=True, slots=True)
class AppFacts:
    """What is known of an app. `latest_ms` is the time of its latest fact.

    `is_complete`: history has counted the windows of all its breaches that an exclusion may excuse; `recounts` is what
    these came to, excuse or none, by incident.
    """

    facts: Facts
    latest_ms: int
    is_complete: bool
    recounts: Mapping[str, str | None]


def read_facts(
    connection: Connection,
    settings: Settings,
    objectives: Sequence[Objective],
    rules: Rules,
    app_keys: Sequence[str],
    tried: Mapping[str, ExclusionRule] | None = None,
) -> dict[str, AppFacts]:
    """The facts of apps, of each that is asked for; as they would be if exclusions by these ids were on record, too."""
    keys = [list(app_keys)]
    enrolled: dict[str, int] = dict(connection.execute(_ENROLLED.encode(), keys).fetchall())
    accepted = {(app, incident): appeal for app, incident, appeal in connection.execute(_ACCEPTED.encode(), keys)}
    decisions, missed, rows = defaultdict(list), defaultdict(list), defaultdict(list)
    for app, act, stage, until_ms, at_ms in connection.execute(_DECISIONS.encode(), keys):
        decisions[app].append(Decision(at_ms, Act(act), None if stage is None else Stage(stage), until_ms))
    for app, day in connection.execute(_MISSED.encode(), [*keys, rules.period_ms // DAY_MS]):
        missed[app].append(MissedTarget(day * DAY_MS))
    for row in map(_Row._make, connection.execute(_BREACHES.encode(), keys)):
        rows[row.app_key].append(row)
    counts = _Counts(connection, settings, objectives, tried or {})
    found = {}
    for app in app_keys:
        breaches, is_complete = [], True
        for row in rows[app]:
            excuse = _excuse(row, enrolled.get(app), accepted.get((app, row.incident_id)))
            if excuse is None:
                excuse, is_counted = counts.excuse(row)
                is_complete &= is_counted
            breaches.append(Breach(row.incident_id, row.breached_ms, row.recovered_ms, excuse))
        times_ms = [one.breached_ms for one in breaches] + [one.recovered_ms or 0 for one in breaches]
        times_ms += [one.at_ms for one in decisions[app]] + [one.at_ms for one in missed[app]]
        facts = Facts(breaches, decisions[app], missed[app])
        found[app] = AppFacts(facts, max(times_ms, default=0), is_complete, counts.recounts.pop(app, {}))
    return found


def completed_ms(connection: Connection, settings: Settings) -> int | None:
    """Up to when history has counted everything there is, epoch ms; None before the first event."""
    parts = (marks.values() for marks in read_watermarks(connection).values())
    seen = [mark for marks in parts for mark in marks if mark is not None]
    return (min(seen) - settings.allowed_lateness) // MINUTE_MS * MINUTE_MS if seen else None


def _excuse(row: _Row, enrolled_ms: int | None, appeal: int | None) -> str | None:
    """Why a breach does not count, whatever its window holds."""
    if row.recovery_reason == "EXCLUDED":
        return "annulled while it stood: what it stood on is excluded"
    if appeal is not None:
        return f"appeal {appeal} was accepted"
    if enrolled_ms is not None and row.breached_ms < enrolled_ms:
        return "before the app was enrolled"
    return None


class _Counts:
    """What history has counted, asked only where an exclusion touches a window."""

    def __init__(
        self,
        connection: Connection,
        settings: Settings,
        objectives: Iterable[Objective],
        tried: Mapping[str, ExclusionRule],
    ) -> None:
        self._connection = connection
        self._settings = settings
        self._objectives = {(one.metric, one.name): one for one in objectives}
        self._exclusions: Exclusions = read_exclusions(connection)
        for name, rule in tried.items():
            self._exclusions.add(name, rule, None)
        self.recounts: dict[str, dict[str, str | None]] = {}
        """App -> incident -> what its window came to."""

    def excuse(self, row: _Row) -> tuple[str | None, bool]:
        """By which exclusions a breach is excused, for people, and whether that could be counted yet."""
        span = row.breached_ms - row.window_ms, row.breached_ms
        ids = acting(self._exclusions, NEVER - 1, row.series, span)
        if not ids:
            return None, True
        end = row.breached_ms // MINUTE_MS
        completed = completed_minutes(self._connection, self._settings, row.app_key).get(row.metric)
        if completed is not None and completed < end:
            return None, False
        series = by_scope(read_series(self._connection, row.app_key), row.metric).get(row.scope, [])
        kept, is_gone = self._kept(row, series)
        if is_gone:
            return kept, True
        objective = self._objective(row)
        step = objective.hop_ms // MINUTE_MS
        minutes = self._minutes(series, end - row.window_ms // MINUTE_MS, end)
        good, bad = minutes.in_steps(step)
        on_record = self._exclusions.on_record()
        excluded = [_panes(on_record[one].exclusion.span, minutes.start, step) for one in ids]
        is_out = is_excused(objective, Panes(good, bad), excluded)
        excuse = f"excluded: {', '.join(sorted(ids))}" if is_out else None
        self.recounts.setdefault(row.app_key, {})[row.incident_id] = excuse
        return excuse, True

    def _kept(self, row: _Row, series: Sequence[StoredSeries]) -> tuple[str | None, bool]:
        """What its window came to when it was counted last, and whether minutes of it are gone since."""
        days = [edge_ms // DAY_MS for edge_ms in (row.breached_ms - row.window_ms, row.breached_ms - 1)]
        values = [[one.id for one in series], *days, row.incident_id]
        found = self._connection.execute(_KEPT.encode(), values).fetchone()
        return (None, False) if found is None else (found[0], found[1])

    def _minutes(self, series: Sequence[StoredSeries], start: int, end: int) -> Minutes:
        """What counts in these minutes, excluded or not."""
        if not series:
            nothing = [0] * (end - start)
            return Minutes(start, nothing, nothing)
        minutes = read_minutes(self._connection, [one.id for one in series], start, end)
        return chosen([minutes[one.id] for one in series])

    def _objective(self, row: _Row) -> Objective:
        """What it was judged by; where the files say something else by now, as much as the alert says."""
        known = self._objectives.get((row.metric, row.objective))
        slo = row.record["sloValue"]
        if known is not None and known.window_ms == row.window_ms and known.slo_percent == slo:
            return known
        budget = 1 - Fraction(Decimal(str(slo))) / 100
        return Objective(row.objective, row.metric, row.window_ms, usual_hop_ms(row.window_ms), budget)


def _panes(span: tuple[int, int], start: int, step: int) -> tuple[int, int]:
    """The panes of so many minutes, from the minute `start` on, that a time touches."""
    step_ms = step * MINUTE_MS
    first_ms, end_ms = (edge_ms - start * MINUTE_MS for edge_ms in span)
    return first_ms // step_ms, -(-end_ms // step_ms)
