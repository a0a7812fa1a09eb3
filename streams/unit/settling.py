"""Reading the alert state at a take-over, and what has to be done so that it shows what is stored.

It is read at every restore, as one partition of a compacted topic; of the alerts only what is younger than the oldest
breach that it lacks, and only if it lacks any.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import orjson
from aiokafka import TopicPartition

from streams.compact import compact_json
from streams.evaluation.incident import incident_id
from streams.evaluation.objective import Judge, Objective
from streams.evaluation.transition import AlertReason, Kind, Transition
from streams.kafka.bulk import committed_records
from streams.kafka.chunk import SourceRecord
from streams.kafka.lookups import Lookups
from streams.kafka.placement import partition_of
from streams.names import Metric, name_of
from streams.outlet.alert import APPLICATION, alert_document, retired_document, state_record
from streams.outlet.outgoing import Outgoing
from streams.reference.catalogue import AppDetails
from streams.settings import Settings
from streams.tables.changelog import State
from streams.tables.rows import breach_key
from streams.unit.alert_state import (
    Differences,
    OtherApplicationError,
    Settlement,
    Shown,
    StateKey,
    differences,
    last_boundary_ms,
    open_breaches,
    shown,
)

log = logging.getLogger(__name__)

_CLOCKS_DIFFER_MS: Final = 3_600_000  # an alert is not written before its boundary, by a clock that is this far off


@dataclass(frozen=True, slots=True)
class Settling:
    """For one source partition. `objectives` are all that are declared; `details` names an app as it is called."""

    settings: Settings
    lookups: Lookups
    metric: Metric
    partition: int
    partitions: int
    objectives: Sequence[Objective]
    details: Callable[[str], AppDetails]

    async def settle(self, state: State, outputs: Mapping[str, int]) -> Settlement:
        """What to do, given the stored state and how many partitions each topic has that is published to.

        Raises:
            OtherApplicationError: what is shown there is another application's, which this one does not replace.
            KafkaError: the brokers do not answer.
        """
        topics, progress = self.settings.topics, state.meta and state.meta.progress
        before = {one.name: one for one in progress.objectives} if progress else {}
        declared = {one.name: one for one in self.objectives if one.metric == self.metric.id}
        elsewhere = {name for name, one in declared.items() if one.judge is not Judge.WORKER}
        stored = open_breaches(self.metric.id, state.series.watched)
        seen = await self._shown(outputs[topics.alert_state])
        inherited = {key for key in seen if breach_key(key[0], key[2], key[3]) in state.inherited}
        found = differences(
            seen,
            stored,
            application=self.settings.application_id,
            elsewhere=elsewhere,
            judged=declared.keys() - elsewhere,
            judged_before=before if progress and progress.has_begun else None,
            inherited=inherited,
        )
        judged_ms = progress.judged_ms if progress and progress.has_begun else 0
        records = [self._record(key, one.alert) for key, one in found.others.items()]
        records += await self._mended(found, {**before, **declared}, judged_ms, outputs[topics.alerts])
        self._say(found)
        new = {breach_key(key[0], key[2], key[3]): one.alert for key, one in found.inherited.items()}
        taken_up = [((key[0], key[2]), key[3], since_ms) for key, since_ms in found.taken_up.items()]
        return Settlement(records, {**state.inherited, **new}, frozenset(state.inherited), taken_up)

    async def _shown(self, partitions: int) -> dict[StateKey, Shown]:
        """The alert state of this metric, for the apps whose home this partition is."""
        topic = self.settings.topics.alert_state
        # With another count, its apps lie all over the topic.
        places = [self.partition] if partitions == self.partitions else range(partitions)
        latest: dict[bytes, tuple[str | None, bytes]] = {}
        tps = [TopicPartition(topic, place) for place in places]
        async for record in committed_records(self.settings, tps, reader=self.lookups.reader()):
            if record.value:
                latest[record.key or b""] = _application(record), record.value
            else:
                latest.pop(record.key or b"", None)
        found = {}
        for raw, (application, alert) in latest.items():
            if application is None or application not in (self.settings.application_id, self.settings.replaces):
                raise OtherApplicationError(self.settings.topics, application, self.settings.application_id)
            key, one = self._key(raw), shown(application, alert)
            if key is not None and one is not None:
                found[key] = one
        return found

    def _key(self, raw: bytes) -> StateKey | None:
        """The key of a record if it is of this metric and partition."""
        try:
            key = msgspec.json.decode(raw, type=StateKey)
        except ValueError:
            return None
        home = partition_of(key[0].encode(), self.partitions, self.settings.partitioner)
        return key if key[1] == self.metric.id and home == self.partition else None

    async def _mended(
        self, found: Differences, objectives: Mapping[str, Objective], judged_ms: int, partitions: int
    ) -> list[Outgoing]:
        """The records that tell what is stored: as they were published, or made anew."""
        wanted = {f"{incident_id(*key, since_ms)}-breach": key for key, since_ms in found.lacking.items()}
        over = {key: one.breached_at_ms for key, one in found.over.items() if one.breached_at_ms is not None}
        wanted |= {f"{incident_id(*key, since_ms)}-recovery": key for key, since_ms in over.items()}
        if not wanted:
            return []
        published = await self._published(wanted, min([*found.lacking.values(), *over.values()]), partitions)
        records = []
        for ce_id, key in wanted.items():
            value = published.get(ce_id)
            if value is None and key in found.lacking:
                value = compact_json(self._breach(key, found.lacking[key], objectives[key[3]]))
            elif value is None:
                at_ms = last_boundary_ms(judged_ms, objectives.get(key[3]), over[key])
                value = compact_json(retired_document(orjson.loads(found.over[key].alert), at_ms))
            records.append(self._record(key, value))
        return records

    async def _published(self, wanted: Mapping[str, StateKey], since_ms: int, partitions: int) -> dict[str, bytes]:
        places = {partition_of(key[0].encode(), partitions, self.settings.partitioner) for key in wanted.values()}
        tps = [TopicPartition(self.settings.topics.alerts, place) for place in sorted(places)]
        published = {}
        from_ms = max(0, since_ms - _CLOCKS_DIFFER_MS)
        async for record in committed_records(self.settings, tps, from_ms, reader=self.lookups.reader()):
            ce_id = next((value for name, value in record.headers if name == "ce_id" and value), b"").decode()
            if ce_id in wanted and record.value and _application(record) == self.settings.application_id:
                published[ce_id] = record.value
        return published

    def _breach(self, key: StateKey, breached_at_ms: int, objective: Objective) -> dict[str, object]:
        app_key, _, scope, _ = key
        reason = AlertReason.BELOW_OBJECTIVE
        breach = Transition(
            Kind.BREACH, reason, app_key, scope, objective, breached_at_ms, breached_at_ms, good=0, bad=0
        )
        return alert_document(breach, self.details(app_key))

    def _record(self, key: StateKey, value: bytes) -> Outgoing:
        return state_record(
            compact_json(key), key[0].encode(), value, self.settings.topics, self.settings.application_id
        )

    def _say(self, found: Differences) -> None:
        name = name_of(self.settings.topics.input(self.metric), self.partition)
        if found.lacking or found.over:
            log.warning(
                "%s: %s lacked %s open breaches and showed %s that are none; it is put right",
                name,
                self.settings.topics.alert_state,
                len(found.lacking),
                len(found.over),
            )
        if found.inherited:
            log.info(
                "%s: %s open breaches of the application before; those not found again by its end recover",
                name,
                len(found.inherited),
            )


def _application(record: SourceRecord) -> str | None:
    """Whose record it is; None where it does not say."""
    value = next((value for name, value in record.headers if name == APPLICATION and value), None)
    return None if value is None else value.decode(errors="replace")
