"""Where series stand under the objectives that history judges, and the alerts that wait for Kafka, in the database."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from aiokafka import TopicPartition

from streams.database.patient import Connection
from streams.evaluation.judged import SeriesKey
from streams.evaluation.transition import ObjectiveState

_READ: Final = """
select app_key, scope, objective, breached_at_ms, run, silent_ms, breach from objective_state where metric = %s
"""
_LEFT: Final = """
select exists (select from objective_state where metric = %s)
    or exists (select from alert_outbox where topic = %s and part = %s)
"""
_PUT: Final = """
insert into objective_state (metric, app_key, scope, objective, breached_at_ms, run, silent_ms, breach)
values (%s, %s, %s, %s, %s, %s, %s, %b)
on conflict (series_digest(app_key, metric, scope, objective)) do update set
  (breached_at_ms, run, silent_ms, breach)
  = (excluded.breached_at_ms, excluded.run, excluded.silent_ms, excluded.breach)
"""
_DROP: Final = """
delete from objective_state
where series_digest(app_key, metric, scope, objective) = series_digest(%s, %s, %s, %s)
"""
_JUDGED: Final = "select judged_ms, last_seq from judgement where topic = %s and part = %s"
_JUDGE: Final = """
insert into judgement (topic, part, judged_ms, last_seq) values (%s, %s, %s, %s)
on conflict (topic, part) do update set (judged_ms, last_seq) = (excluded.judged_ms, excluded.last_seq)
"""
_PUBLISH: Final = "insert into alert_outbox (topic, part, seq, alert) values (%s, %s, %s, %b)"
_WAITING: Final = "select seq, alert from alert_outbox where topic = %s and part = %s order by seq"
_PUBLISHED: Final = "delete from alert_outbox where topic = %s and part = %s and seq <= %s"


class StoredState(NamedTuple):
    """A state, and of an open breach the alert as it was published."""

    state: ObjectiveState
    breach: bytes | None


class Judged(NamedTuple):
    """Up to when a partition is judged, None: never; and the number of its last alert."""

    judged_ms: int | None
    last_seq: int


StateKey = tuple[SeriesKey, str]
"""Series within a metric, and objective."""


@dataclass(frozen=True, slots=True)
class StoredStates:
    """Those of the series of one metric; what is counted in one partition of its topic."""

    tp: TopicPartition
    metric: str

    async def read(self, connection: Connection) -> dict[StateKey, StoredState]:
        """All that are not at rest, of all partitions."""
        rows = await connection.execute(_READ.encode(), [self.metric], binary=True)
        return {
            ((app_key, scope), objective): StoredState(ObjectiveState(*state), breach)
            async for app_key, scope, objective, *state, breach in rows
        }

    async def are_left(self, connection: Connection) -> bool:
        """Whether any is not at rest, of whatever partition, or an alert of this one waits."""
        row = await (await connection.execute(_LEFT.encode(), [self.metric, *self.tp])).fetchone()
        return row is not None and row[0]

    async def put(self, connection: Connection, changed: Mapping[StateKey, StoredState | None]) -> None:
        """None: at rest."""
        names = {key: (self.metric, *key[0], key[1]) for key in changed}
        put = [(*names[key], *one.state, one.breach) for key, one in changed.items() if one is not None]
        dropped = [(key[0][0], self.metric, key[0][1], key[1]) for key, one in changed.items() if one is None]
        async with connection.cursor() as cursor:
            await cursor.executemany(_PUT.encode(), put)
            await cursor.executemany(_DROP.encode(), dropped)

    async def judged(self, connection: Connection) -> Judged:
        """How far the partition is judged."""
        row = await (await connection.execute(_JUDGED.encode(), [*self.tp])).fetchone()
        return Judged(None, 0) if row is None else Judged(*row)

    async def note_judged(self, connection: Connection, judged_ms: int, last_seq: int) -> None:
        """How far it is judged from now on."""
        await connection.execute(_JUDGE.encode(), [*self.tp, judged_ms, last_seq])

    async def publish(self, connection: Connection, alerts: Sequence[bytes], after_seq: int) -> None:
        """Have these go to Kafka once the transaction is committed."""
        rows: Iterable[tuple[str, int, int, bytes]] = (
            (*self.tp, seq, alert) for seq, alert in enumerate(alerts, after_seq + 1)
        )
        async with connection.cursor() as cursor:
            await cursor.executemany(_PUBLISH.encode(), rows)

    async def waiting(self, connection: Connection) -> list[tuple[int, bytes]]:
        """Number and record of the alerts that are not known to be in Kafka."""
        rows = await connection.execute(_WAITING.encode(), [*self.tp], binary=True)
        return [(seq, alert) async for seq, alert in rows]

    async def published(self, connection: Connection, last_seq: int) -> None:
        """Alerts up to this number are in Kafka."""
        await connection.execute(_PUBLISHED.encode(), [*self.tp, last_seq])
