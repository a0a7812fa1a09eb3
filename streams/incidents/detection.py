"""Common cause in the database: which breaches began, what is made of them, and what was judged."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from streams.common_cause.detector import Begin, Cause, Detector, End, Happening, Session, What
from streams.common_cause.numbers import DAY_MS, MINUTE_MS, Numbers
from streams.common_cause.onset import Onset
from streams.common_cause.rates import DAYS, Rates, Span
from streams.common_cause.resolution import LONG_WINDOW_MS, Presence
from streams.common_cause.scope import Kind, Scope, scopes_of
from streams.database.patient import Connection
from streams.evaluation.transition import AlertReason
from streams.incidents.entry import SYSTEM, Act, Entry, State, Verdict
from streams.incidents.timeline import add_entry
from streams.names import AVAILABILITY, METRICS

PAGE: Final = "page"
_Series = tuple[str, str]  # metric and scope

_CLOCK: Final = "select first_ms, judged_ms from incident_clock"
_EARLIEST: Final = "select min(time_ms) from alert where type = 'BREACH' and severity = %s"
_START: Final = "insert into incident_clock (first_ms, judged_ms) values (%(first)s, %(judged)s)"
_MOVE: Final = "update incident_clock set judged_ms = %s"

_ARRIVED: Final = """
select b.id, b.app_key, b.metric, b.scope, b.breached_ms, b.window_ms, b.ended_ms, b.end_reason,
  a.partner_id, b.partner_name
from breach b left join app a on a.app_key = b.app_key
where b.severity = %(page)s and b.breached_ms <= %(until)s and b.objective <> all(%(history)s)
and not exists (select from onset o where o.breach = b.id)
"""
_WAITING: Final = """
select b.id, b.app_key, b.metric, b.scope, b.breached_ms, b.window_ms, b.ended_ms, b.end_reason,
  o.unit, o.incident
from onset o join breach b on b.id = o.breach
where o.incident is null and o.at_ms > %s
"""
_MEMBERS: Final = """
select b.id, b.app_key, b.metric, b.scope, b.breached_ms, b.window_ms, b.ended_ms, b.end_reason,
  o.unit, o.incident
from onset o join breach b on b.id = o.breach
where o.is_member and o.incident = any(%s)
"""
_OPEN: Final = """
select id, scope_kind, scope_name, start_ms, latest_ms, peak, quiet_since_ms, verdict from incident
where scope_kind is not null and state in ('TRIAGE', 'INVESTIGATING', 'IDENTIFIED', 'MONITORING')
"""
_PAST: Final = "select breach, app_key, metric, scope, unit, at_ms from onset where at_ms >= %s and at_ms < %s"
_DECLARED: Final = """
select i.start_ms, coalesce(i.ended_ms, %(until)s) from incident i
where i.scope_kind is not null and not i.is_trial and i.start_ms < %(until)s and exists (
  select from incident_entry e where e.incident = i.id and e.act = 'CONFIRMED' and e.at_ms < %(until)s
)
"""
_POPULATION: Final = """
select distinct s.app_key, s.metric, s.scope, a.partner_id, a.partner_name
from series s left join app a on a.app_key = s.app_key where s.source in ('PROD', 'HOST', 'APP')
"""
_ADD_ONSET: Final = """
insert into onset (breach, app_key, unit, metric, scope, at_ms, breached_ms, incident, is_member)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing
"""
_SPEND: Final = "update onset set incident = %s, is_member = %s where breach = %s"
_OPENED: Final = """
insert into incident (id, state, verdict, visibility, is_trial, title, start_ms, changed_ms, app_keys, partners, record,
                      scope_kind, scope_name, latest_ms)
values (%(id)s, 'TRIAGE', 'CANDIDATE', 'INTERNAL', false, %(title)s, %(start)s, %(at)s, '{}', '{}', '{}',
        %(kind)s, %(name)s, %(latest)s)
on conflict do nothing
"""
_SEEN: Final = "update incident set latest_ms = %s, peak = %s, quiet_since_ms = %s where id = %s"


class Detection:
    """Judges common cause as far as it may. `regions` are patterns of hosts; `of_history`: objectives it judges.

    A day at a time; its rates are kept: they are made once, of the days before it.
    """

    def __init__(
        self,
        regions: Mapping[str, str],
        of_history: Collection[str] = (),
        numbers: Numbers = Numbers(),  # noqa: B008 - it is frozen
    ) -> None:
        self._regions = regions
        self._numbers = numbers
        self._of_history = sorted(of_history)
        self._rates: dict[int, Rates] = {}

    async def advance(self, connection: Connection, completed_ms: int) -> bool:
        """Judge boundaries up to a completed one, in this transaction; whether more wait.

        It stops where something happens to an incident, so that this is looked at as of then.
        """
        clock = await self._clock(connection, completed_ms)
        if clock is None:
            return False
        first_ms, judged_ms = clock
        day_ms = (judged_ms + MINUTE_MS) // DAY_MS * DAY_MS
        until_ms = min(completed_ms // MINUTE_MS * MINUTE_MS, day_ms + DAY_MS - MINUTE_MS)
        if until_ms <= judged_ms:
            return False
        arrived = await self._arrived(connection, until_ms)
        begins = [begin for begin, _ in arrived]
        causes = await self._causes(connection)
        waiting = [begin for begin, _ in await self._judged(connection, _WAITING, judged_ms - self._numbers.window_ms)]
        if (begins or waiting) and day_ms not in self._rates:  # of the days before it all is judged
            self._rates = {day_ms: await self._rates_of(connection, day_ms, first_ms)}
        detector = Detector(judged_ms, causes, waiting, self._rates.__getitem__, self._numbers)
        happened = await asyncio.to_thread(detector.run, until_ms, begins)
        judged_ms = detector.judged_ms
        seen = [(begin, series) for begin, series in arrived if begin.onset.at_ms <= judged_ms]
        await self._store(connection, seen, detector.spent)
        for one in happened:
            await self._tell(connection, one)
        for name, cause in detector.causes.items():
            await connection.execute(
                _SEEN, [cause.session.latest_ms, cause.presence.peak, cause.presence.quiet_since_ms, name]
            )
        await connection.execute(_MOVE, [judged_ms])
        return judged_ms < completed_ms // MINUTE_MS * MINUTE_MS

    async def _clock(self, connection: Connection, completed_ms: int) -> tuple[int, int] | None:
        row = await (await connection.execute(_CLOCK)).fetchone()
        if row is not None:
            return row[0], row[1]
        earliest = await (await connection.execute(_EARLIEST, [PAGE])).fetchone()
        first_ms = min(completed_ms, completed_ms if earliest is None or earliest[0] is None else earliest[0])
        judged_ms = -(-first_ms // MINUTE_MS) * MINUTE_MS - MINUTE_MS
        await connection.execute(_START, {"first": first_ms, "judged": judged_ms})
        return first_ms, judged_ms

    async def _arrived(self, connection: Connection, until_ms: int) -> list[tuple[Begin, _Series]]:
        values = {"page": PAGE, "until": until_ms, "history": self._of_history}
        rows = await (await connection.execute(_ARRIVED.encode(), values)).fetchall()
        found = []
        for *told, partner_id, partner_name in rows:
            _breach, app_key, metric, scope, *_ = told
            begin = self._begin(told, unit_of(app_key, partner_id, partner_name))
            found.append((begin, (metric, scope)))
        return found

    async def _judged(self, connection: Connection, query: str, which: object) -> list[tuple[Begin, str]]:
        rows = await (await connection.execute(query.encode(), [which])).fetchall()
        return [(self._begin(told, unit), incident) for *told, unit, incident in rows]

    def _begin(self, told: Sequence[Any], unit: str) -> Begin:
        breach, app_key, metric, scope, breached_ms, window_ms, ended_ms, reason = told
        onset = Onset(breach, app_key, unit, self._scopes(unit, metric, scope), breached_ms)
        end = None if ended_ms is None else End(ended_ms, reason == AlertReason.EXCLUDED)
        return Begin(onset, end, window_ms >= LONG_WINDOW_MS)

    def _scopes(self, unit: str, metric: str, scope: str) -> tuple[Scope, ...]:
        return scopes_of(unit, metric, scope, is_product=metric != AVAILABILITY.id, regions=self._regions)

    async def _causes(self, connection: Connection) -> list[Cause]:
        rows = await (await connection.execute(_OPEN)).fetchall()
        members: dict[str, list[Begin]] = {}
        for begin, incident in await self._judged(connection, _MEMBERS, [row[0] for row in rows]):
            members.setdefault(incident, []).append(begin)
        return [
            Cause(
                Session(name, Scope(Kind(kind), place), start_ms, latest_ms),
                members.get(name, []),
                Presence(peak, quiet_since_ms),
                forgives=verdict == Verdict.CANDIDATE,
            )
            for name, kind, place, start_ms, latest_ms, peak, quiet_since_ms, verdict in rows
        ]

    async def _rates_of(self, connection: Connection, day_ms: int, first_ms: int) -> Rates:
        rows = await (await connection.execute(_PAST, [day_ms - DAYS * DAY_MS, day_ms])).fetchall()
        past = [
            Onset(breach, app_key, unit, self._scopes(unit, metric, scope), at_ms)
            for breach, app_key, metric, scope, unit, at_ms in rows
        ]
        declared: list[Span] = [
            (start_ms, end_ms)
            for start_ms, end_ms in await (await connection.execute(_DECLARED, {"until": day_ms})).fetchall()
        ]
        units: Mapping[Scope, int] = {}
        if day_ms - first_ms < (self._numbers.learnt_after_days + 1) * DAY_MS:
            units = self._population(await (await connection.execute(_POPULATION)).fetchall())
        return await asyncio.to_thread(
            Rates, day_ms, past, declared, first_ms, lambda scope: units.get(scope, 0), self._numbers
        )

    def _population(self, rows: Iterable[Sequence[Any]]) -> Mapping[Scope, int]:
        """How many units each scope has."""
        found: dict[Scope, set[str]] = {}
        for app_key, metric, scope, partner_id, partner_name in rows:
            unit = unit_of(app_key, partner_id, partner_name)
            for one in self._scopes(unit, metric, scope):
                found.setdefault(one, set()).add(app_key if one.kind is Kind.PARTNER else unit)
        return {scope: len(units) for scope, units in found.items()}

    async def _store(
        self, connection: Connection, arrived: Iterable[tuple[Begin, _Series]], spent: Mapping[str, tuple[str, bool]]
    ) -> None:
        """Onsets as they were judged; of earlier ones, what they went into now."""
        rows = []
        for begin, series in arrived:
            one = begin.onset
            where = spent.get(one.breach_id, (None, False))
            rows.append([one.breach_id, one.app_key, one.unit, *series, one.at_ms, one.at_ms, *where])
        new = {row[0] for row in rows}
        async with connection.cursor() as cursor:
            await cursor.executemany(_ADD_ONSET, rows)
            await cursor.executemany(_SPEND, [[*where, breach] for breach, where in spent.items() if breach not in new])

    async def _tell(self, connection: Connection, happened: Happening) -> None:
        """What happened to an incident, as an entry of its timeline."""
        if happened.what is What.OPENED and happened.opening is not None:
            scope, members = happened.opening.scope, happened.opening.onsets
            title = title_of(scope)
            start_ms, latest_ms = happened.start_ms, max(one.at_ms for one in members)
            data = {
                "title": title,
                "scopeKind": scope.kind,
                "scopeName": scope.name,
                "start": start_ms,
                "units": happened.opening.units,
                "apps": happened.apps,
            }
            values = {"id": happened.incident, "title": title, "start": start_ms, "at": happened.at_ms}
            values |= {"kind": scope.kind, "name": scope.name, "latest": latest_ms}
            await connection.execute(_OPENED, values)
            entry = Entry(Act.FOUND, happened.at_ms, SYSTEM, data=data)
        elif happened.what is What.GREW:
            entry = Entry(Act.JOINED, happened.at_ms, SYSTEM, data={"apps": happened.apps})
        elif happened.what is What.ANNULLED:
            entry = Entry(Act.DISMISSED, happened.at_ms, SYSTEM, "ANNULLED: its breaches do not count any more")
        else:
            data = {"state": State.RESOLVED, "endedAt": happened.ended_ms}
            entry = Entry(Act.STATE, happened.at_ms, SYSTEM, "few of its apps are breached for half an hour", data)
        await add_entry(connection, happened.incident, entry)


def unit_of(app_key: str, partner_id: str | None, partner_name: str | None) -> str:
    """Whose an app is, for counting: its partner by id, else by name, else the app itself."""
    if partner_id is not None:
        return f"id:{partner_id}"
    return f"app:{app_key}" if partner_name is None else f"name:{partner_name}"


def title_of(scope: Scope) -> str:
    """What an incident is called until a person finds a better name."""
    match scope.kind:
        case Kind.ALL:
            return "Many apps begin to breach at once"
        case Kind.METRIC:
            return f"{METRICS[scope.name].display_name('').strip()} of many apps"
        case Kind.PRODUCT:
            return f"Many apps in {scope.name}"
        case Kind.PRODUCT_METRIC:
            product, _, metric = scope.name.rpartition("/")
            return f"{METRICS[metric].display_name(product)} of many apps"
        case Kind.REGION:
            return f"Many apps in region {scope.name}"
        case Kind.HOST:
            return f"Apps at {scope.name}"
        case Kind.PARTNER:
            return f"Apps of {scope.name.partition(':')[2]}"
