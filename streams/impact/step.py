"""The desk's step of standings: every app whose facts have changed, or whose time has come, is judged anew."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from psycopg.types.json import Jsonb

from streams.database.patient import Connection
from streams.desk.desk import Desk
from streams.desk.outbox import publish_later
from streams.evaluation.objective import Objective
from streams.impact.facts import AppFacts, completed_ms, read_facts
from streams.impact.record import episodes_shown, since_ms, standing_record, steps_json
from streams.settings import Settings
from streams.standing.facts import Rules, Stage
from streams.standing.ladder import Change, ChangeReason, History, Told, history_of, to_tell

MOST_APPS: Final = 200
"""Apps of one piece."""

_DUE: Final = "select id, app_key from standing_due order by id limit %s"
_IN_TIME: Final = "select app_key from standing where next_ms <= %s order by next_ms limit %s"
_DONE: Final = "delete from standing_due where id = any(%s)"
_AGAIN: Final = "insert into standing_due (app_key) select unnest(%s::text[])"
_STORED: Final = """
select app_key, stage, reason, since_ms, is_review_due, steps, episodes, time_ms from standing where app_key = any(%s)
"""
_STORE: Final = """
insert into standing (app_key, stage, since_ms, reason, time_ms, is_review_due, episodes, steps, next_ms)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
on conflict (app_key) do update set
  (stage, since_ms, reason, time_ms, is_review_due, episodes, steps, next_ms)
  = (excluded.stage, excluded.since_ms, excluded.reason, excluded.time_ms, excluded.is_review_due, excluded.episodes,
     excluded.steps, excluded.next_ms)
"""
_RECOUNTED: Final = """
insert into recount (incident_id, excuse) values (%s, %s)
on conflict (incident_id) do update set excuse = excluded.excuse where recount.excuse is distinct from excluded.excuse
"""
_CHANGED: Final = """
insert into standing_change (app_key, number, stage, former, reason, since_ms)
select %(app)s, coalesce(max(number), 0) + 1, %(stage)s, %(former)s, %(reason)s, %(since)s
from standing_change where app_key = %(app)s returning number
"""


@dataclass(frozen=True, slots=True)
class StandingChange:
    """A change of an app's standing that is to be told: the app's `number`-th, from `former` on."""

    app_key: str
    number: int
    former: Stage
    change: Change


Tell = Callable[[Connection, Sequence[StandingChange]], Awaitable[None]]
"""Has changes told, within the transaction that stores them."""


async def tell_nobody(_connection: Connection, _changes: Sequence[StandingChange]) -> None:
    """Where nobody is notified."""


@dataclass(frozen=True, slots=True)
class _Stored:
    """What was told of an app, and the record that was made of it."""

    told: Told
    last: Change | None
    shown: tuple[Any, ...]
    time_ms: int


_NOTHING: Final = _Stored(Told(), None, (), 0)


class StandingStep:
    """Judges standings by facts in the database; `tell` has changes told."""

    def __init__(
        self, settings: Settings, objectives: Sequence[Objective], rules: Rules, tell: Tell = tell_nobody
    ) -> None:
        self._settings = settings
        self._objectives = objectives
        self._rules = rules
        self._tell = tell

    async def take(self, desk: Desk) -> bool:
        """Judge the next apps; whether there may be more."""
        completed = await desk.look(lambda connection: completed_ms(connection, self._settings))
        due: dict[str, list[int]] = {}
        for number, app_key in await desk.run(lambda connection: _rows(connection, _DUE, MOST_APPS)):
            due.setdefault(app_key, []).append(number)
        if completed is not None:
            in_time = await desk.run(lambda connection: _rows(connection, _IN_TIME, completed, MOST_APPS))
            due |= {app_key: [] for (app_key,) in in_time if app_key not in due}
        if not due:
            return False
        facts = await desk.look(
            lambda connection: read_facts(connection, self._settings, self._objectives, self._rules, list(due))
        )
        await desk.run(lambda connection: self._judge(connection, facts, completed or 0))
        done = [number for numbers in due.values() for number in numbers]
        again = [app_key for app_key in due if not facts[app_key].is_complete]
        await desk.run(lambda connection: _done(connection, done, again))
        return len(again) < len(due) >= MOST_APPS

    async def rest(self) -> None:
        """All that it knows is in the database."""

    async def _judge(self, connection: Connection, facts: dict[str, AppFacts], completed: int) -> None:
        """Store where each app stands as of the time that is completed, or of its latest fact; have changes told."""
        stored = {row[0]: _stored(*row[1:]) for row in await _rows(connection, _STORED, list(facts))}
        changes: list[StandingChange] = []
        for app_key, known in facts.items():
            before = stored.get(app_key, _NOTHING)
            at_ms = max(completed, known.latest_ms, before.time_ms)
            history = history_of(known.facts, at_ms, self._rules)
            told = to_tell(before.told, history, at_ms)
            former = before.told.stage
            for change in told:
                changes.append(await _changed(connection, app_key, former, change, history))
                former = change.stage
            last = told[-1] if told else before.last
            await self._store(connection, app_key, history, last, before, at_ms)
            for recount in known.recounts.items():
                await connection.execute(_RECOUNTED.encode(), recount)
        if changes:
            await self._tell(connection, changes)

    async def _store(
        self,
        connection: Connection,
        app_key: str,
        history: History,
        last: Change | None,
        before: _Stored,
        at_ms: int,
    ) -> None:
        episodes = [one.model_dump(mode="json") for one in episodes_shown(history.episodes, at_ms, self._rules)]
        since = at_ms if last is None else since_ms(history, last)
        stage = Stage.CLEAR if last is None else last.stage
        reason = None if last is None else last.reason
        row = [app_key, stage, since, reason, at_ms, history.is_review_due, Jsonb(episodes)]
        await connection.execute(_STORE.encode(), [*row, Jsonb(steps_json(history.changes)), history.next_ms])
        if last is not None and (stage, reason, since, episodes) != before.shown:
            record = standing_record(app_key, history, last, at_ms, self._rules)
            topic = self._settings.topics.standing
            await publish_later(connection, topic, app_key, record.model_dump_json().encode())


def _stored(
    stage: str,
    reason: str | None,
    since: int,
    is_review_due: bool,
    steps: list[dict[str, Any]],
    episodes: list[dict[str, Any]],
    time_ms: int,
) -> _Stored:
    changes = [Change(one["at"], Stage(one["stage"]), ChangeReason(one["reason"])) for one in steps]
    last = None if reason is None else Change(since, Stage(stage), ChangeReason(reason))
    shown = (Stage(stage), reason, since, episodes)
    return _Stored(Told(Stage(stage), changes, is_review_due), last, shown, time_ms)


async def _done(connection: Connection, done: list[int], again: list[str]) -> None:
    """Forget what was due; those whose windows are not counted yet come again, behind all others."""
    await connection.execute(_DONE.encode(), [done])
    await connection.execute(_AGAIN.encode(), [again])


async def _changed(
    connection: Connection, app_key: str, former: Stage, change: Change, history: History
) -> StandingChange:
    values = {
        "app": app_key,
        "stage": change.stage,
        "former": former,
        "reason": change.reason,
        "since": since_ms(history, change),
    }
    row = await (await connection.execute(_CHANGED.encode(), values)).fetchone()
    assert row is not None  # noqa: S101  an insert that returns
    return StandingChange(app_key, row[0], former, change)


async def _rows(connection: Connection, query: str, *values: object) -> list[tuple[Any, ...]]:
    return await (await connection.execute(query.encode(), list(values))).fetchall()
