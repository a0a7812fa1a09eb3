"""The store of an input partition that is judged: what was counted, where series stand, and alerts on their way.

What is judged is stored with what was counted, in one transaction; alerts go to Kafka once that is committed. After a
crash between the two they are found in the database. After a backup was restored they are found in Kafka, which has
more than the database then: those alerts stand, and so does what they say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from aiokafka import TopicPartition

from schemas.event_time import epoch_ms
from streams.compact import compact_json
from streams.database.patient import Connection, PatientDatabase
from streams.evaluation.transition import Kind, ObjectiveState
from streams.history.boundaries import Boundaries
from streams.history.counted_rows import CountedRows
from streams.history.fleet_budgets import FleetBudgets
from streams.history.judging import Judging
from streams.history.publisher import Publisher
from streams.history.rows import Rows
from streams.history.screening import Place
from streams.history.stored_states import StateKey, StoredState
from streams.kafka.cluster import partitions_of
from streams.outlet.alert import STATE_KEY, state_record
from streams.ownership.seams import Position
from streams.settings import Settings
from streams.sink.store import Loaded, PostgresStore
from streams.sink.work import SinkWork
from streams.unit.failpoints import Failpoint, Step


@dataclass(frozen=True, slots=True)
class LoadedHistory(Loaded):
    """`boundaries` are those that are left to judge; none where nothing is judged."""

    boundaries: Boundaries


class JudgingStore(PostgresStore):
    """Where the counts and alerts of one input partition go: a `seams.Store`."""

    def __init__(
        self,
        settings: Settings,
        tp: TopicPartition,
        database: PatientDatabase,
        rows: Rows,
        judging: Judging,
        publisher: Publisher,
        failpoint: Failpoint,
        fleet: FleetBudgets,
        *,
        reader: str,
    ) -> None:
        super().__init__(settings, tp, database, CountedRows(rows, judging), reader=reader)
        self._judging = judging
        self._states = judging.states
        self._publisher = publisher
        self._failpoint = failpoint
        self._fleet = fleet
        self._in_kafka = 0
        self._judges = False

    async def open(self) -> None:
        """Become the owner: from then on no earlier one moves the offset, or publishes."""
        await super().open()
        rules = self._judging.rules
        self._judges = bool(rules.objectives) or await self._change(self._states.are_left)
        if self._judges:
            self._in_kafka = await self._publisher.start()

    async def position(self) -> Position:
        """Where the log and the facts stand."""
        found = await super().position()
        states = self._states
        self._judging.partitions = len(await partitions_of(self._settings, [states.tp.topic]))
        self._fleet.begin(states.tp, Place(states.metric, states.tp.partition, self._judging.partitions))
        return found

    async def load(self) -> LoadedHistory:
        """How far the partition is counted and judged, once Kafka and database tell the same of its alerts."""
        loaded = await super().load()
        lateness_ms = self._settings.allowed_lateness
        if not self._judges:
            return LoadedHistory(loaded.progress, loaded.partitions, Boundaries((), lateness_ms, None))
        _, last_seq = await self._change(self._states.judged)
        if self._in_kafka > last_seq:
            await self._follow(last_seq)
        await self._publish()
        judged_ms, _ = await self._change(self._states.judged)
        watermark_ms = loaded.progress.watermark_ms
        if judged_ms is None and watermark_ms is not None:
            judged_ms = watermark_ms - lateness_ms
        await self._agree(judged_ms)
        due = Boundaries(self._judging.rules.hops_ms, lateness_ms, judged_ms)
        return LoadedHistory(loaded.progress, loaded.partitions, due)

    async def write(self, work: SinkWork[Any]) -> object:
        """Add what was counted and judged, move the offset, and publish.

        Raises:
            FencedError: another owner has taken over.
            DatabaseAwayError: the database was away for too long.
            aiokafka.errors.KafkaError: the alerts cannot be published.
        """
        mark = await super().write(work)
        if work.facts.cuts:
            await self._publish()
        return mark

    async def close(self) -> None:
        """Let go of the connection to Kafka."""
        self._fleet.end(self._states.tp)
        if self._judges:
            await self._publisher.stop()
        await super().close()

    async def _publish(self) -> None:
        waiting = await self._change(self._states.waiting)
        if not waiting:
            return
        missing = [(number, alert) for number, alert in waiting if number > self._in_kafka]
        if missing:
            self._failpoint.passed(Step.AFTER_ROWS)
            await self._publisher.publish(missing)
            self._in_kafka = missing[-1][0]
        await self._change(lambda connection: self._states.published(connection, self._in_kafka))

    async def _follow(self, last_seq: int) -> None:
        """Take on what was published after all that the database knows of; those boundaries are judged."""
        published = [orjson.loads(alert) for _, alert in await self._publisher.since(last_seq)]

        async def action(connection: Connection) -> None:
            judged_ms, _ = await self._states.judged(connection)
            times_ms = [epoch_ms(alert["time"]) for alert in published]
            changes = {_key(alert): _stored(alert) for alert in published}
            await self._states.put(connection, changes)
            await self._states.note_judged(connection, max([judged_ms or 0, *times_ms]), self._in_kafka)

        await self._change(action)

    async def _agree(self, judged_ms: int | None) -> None:
        """Go on with breaches that a worker has left open, and show those that the alert state lacks.

        Who has not counted before reads the past that the worker has judged: none of that is told again.
        """
        states = await self._change(self._judging.open_states)
        shown: dict[StateKey, dict[str, Any]] = {}
        async for record in self._publisher.shown():
            alert = orjson.loads(record.value or b"null")
            if alert["metricId"] == self._states.metric and self._judging.is_ours(alert["appKey"]):
                shown[_key(alert)] = alert
        ours = {key: alert for key, alert in shown.items() if key[1] in self._judging.rules.names}
        told_ms = {key: epoch_ms(alert["time"]) for key, alert in ours.items()}
        self._judging.told_ms = {key: at_ms for key, at_ms in told_ms.items() if judged_ms is None or at_ms > judged_ms}
        taken_up = {
            key: _stored(alert)
            for key, alert in ours.items()
            if alert["type"] == Kind.BREACH and (key not in states or states[key].state.breached_at_ms is None)
        }
        await self._change(lambda connection: self._states.put(connection, taken_up))
        lacking = [
            one.breach
            for key, one in states.items()
            if one.breach is not None and (key not in shown or shown[key]["type"] != Kind.BREACH)
        ]
        if lacking:
            await self._publisher.show([self._state(breach) for breach in lacking])

    def _state(self, breach: bytes) -> Any:
        alert = orjson.loads(breach)
        settings = self._settings
        key = compact_json([alert[name] for name in STATE_KEY])
        return state_record(key, alert["appKey"].encode(), breach, settings.topics, settings.application_id)


def _key(alert: Mapping[str, Any]) -> StateKey:
    return (alert["appKey"], alert["scope"]), alert["objective"]


def _stored(alert: Mapping[str, Any]) -> StoredState | None:
    """Where an alert leaves its series: None at rest."""
    if alert["type"] != Kind.BREACH:
        return None
    return StoredState(ObjectiveState(epoch_ms(alert["breachedAt"])), compact_json(alert))
