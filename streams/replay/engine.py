"""Replay: a recorded log through the same engine, without a broker, to test objectives on past data."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import orjson

from schemas.json_text import read_json
from schemas.rejected import RejectReason
from streams.evaluation.evaluator import Evaluator
from streams.evaluation.objective import Objective
from streams.evaluation.transition import Transition
from streams.intake.admission import MAX_SERIES_PER_APP, Admission
from streams.intake.marks import is_original
from streams.intake.reading import EventReader
from streams.kafka.placement import partition_of
from streams.names import Metric, Topics
from streams.outlet.alert import alert_document
from streams.reference.reference import Reference
from streams.replay.line import ReplayRecord
from streams.settings import APPLICATION_ID, PartitionerName
from streams.windows.hopping import next_boundary

_RECORDS_AT_A_TIME = 5_000


@dataclass(slots=True)
class Summary:
    """What a replay did with its input."""

    events: int = 0
    copies: int = 0
    other_topics: int = 0
    rejected: Counter[RejectReason] = field(default_factory=Counter)
    last_event_ms: int | None = None


class _Partition:
    """The engine of one topic and partition."""

    def __init__(
        self,
        metric: Metric,
        objectives: Sequence[Objective],
        lateness_ms: int,
        reference: Reference,
        max_series_per_app: int,
        application: str,
    ) -> None:
        self.objectives = [objective for objective in objectives if objective.metric == metric.id]
        listings = reference.catalogue.listings
        self.evaluator = Evaluator(self.objectives, lateness_ms, exclusions=reference.exclusions, listings=listings)
        self.admission = Admission(metric, self.evaluator, application, lambda _key: True, listings, max_series_per_app)

    def apply(self, records: Sequence[ReplayRecord], summary: Summary) -> None:
        self.admission.admit(records, clock_ms=None)
        if self.evaluator.watermark_ms is not None:
            last_ms = max(self.evaluator.watermark_ms, self.admission.ahead_ms)
            summary.last_event_ms = max(last_ms, summary.last_event_ms or 0)
        rejected, _ = self.admission.take_unfit()
        summary.rejected.update(rejection.reason for rejection in rejected)


class Replay:
    """Judges a log over `partitions` partitions per topic: first `reference`, then `records`, at last `finish`."""

    def __init__(
        self,
        objectives: Sequence[Objective],
        lateness_ms: int,
        topics: Topics,
        partitions: int = 1,
        partitioner: PartitionerName = PartitionerName.MURMUR2,
        max_series_per_app: int = MAX_SERIES_PER_APP,
        application: str = APPLICATION_ID,
    ) -> None:
        self.summary = Summary()
        self._lateness_ms = lateness_ms
        self._topics = topics
        self._partitions = partitions
        self._partitioner = partitioner
        self._application = application
        self._reference = Reference(topics)
        self._so_far = Reference(topics)  # names alone are those of the place in the log
        self._readers = {topic: EventReader(metric) for topic, metric in topics.inputs.items()}
        self._alerts: list[tuple[Transition, dict[str, Any]]] = []
        self._engines = {
            (topic, partition): _Partition(
                metric, objectives, lateness_ms, self._reference, max_series_per_app, application
            )
            for topic, metric in topics.inputs.items()
            for partition in range(partitions)
        }

    def reference(self, records: Iterable[ReplayRecord]) -> None:
        """Learn the apps and exclusions of the whole log: they act by their timestamps, wherever in it they lie."""
        for record in records:
            if record.topic in self._topics.reference:
                rejection = self._reference.take(record.topic, self._keyed(record))
                if rejection is not None:
                    self.summary.rejected[rejection.reason] += 1

    def _keyed(self, record: ReplayRecord) -> ReplayRecord:
        """A record of reference data whose line has no key, under the key that its value names."""
        if record.key is None and record.value is not None:
            with suppress(orjson.JSONDecodeError):
                document = read_json(record.value)
                named = document.get(self._topics.key_fields[record.topic]) if isinstance(document, dict) else None
                if isinstance(named, str):
                    return replace(record, key=named.encode())
        return record

    def time_ms(self, record: ReplayRecord) -> int | None:
        """When a record came: by its timestamp, else at the time that its event has; reference data before all."""
        if record.timestamp is not None and record.timestamp >= 0:
            return record.timestamp
        if record.topic in self._topics.reference:
            return 0
        reader = self._readers.get(record.topic)
        event = None if reader is None else reader.read([record])[0]
        return None if event is None else int(event.time)

    def records(self, records: Iterable[ReplayRecord]) -> None:
        """Judge more of the log."""
        remaining: Iterator[ReplayRecord] = iter(records)
        while portion := list(islice(remaining, _RECORDS_AT_A_TIME)):
            placed: dict[tuple[str, int], list[ReplayRecord]] = {}
            for record in self._put_right(portion):
                if record.topic in self._topics.inputs and not is_original(record.headers, self._application):
                    self.summary.copies += 1
                elif record.topic in self._topics.inputs:
                    placed.setdefault((record.topic, self._partition(record)), []).append(record)
                elif record.topic == self._topics.apps:
                    self._judge(placed)
                    placed = {}
                    self._so_far.take(record.topic, self._keyed(record))
                elif record.topic != self._topics.exclusions:
                    self.summary.other_topics += 1
            self._judge(placed)

    def _put_right(self, records: Sequence[ReplayRecord]) -> Sequence[ReplayRecord]:
        """The records, each event under the key of its app, and at its own time where its line has none."""
        put_right = list(records)
        for topic, reader in self._readers.items():
            places = [place for place, record in enumerate(records) if record.topic == topic]
            for place, event in zip(places, reader.read([records[place] for place in places]), strict=True):
                if event is not None:
                    put_right[place] = records[place].put_right(event.app_key, event.time)
        return put_right

    def _judge(self, placed: dict[tuple[str, int], list[ReplayRecord]]) -> None:
        for place, its_records in placed.items():
            self.summary.events += len(its_records)
            engine = self._engines[place]
            engine.apply(its_records, self.summary)
            self._publish(engine.evaluator)

    def _publish(self, evaluator: Evaluator) -> None:
        for transition in evaluator.take_transitions():
            document = alert_document(transition, self._so_far.catalogue.details(transition.app_key))
            self._alerts.append((transition, document))

    def _partition(self, record: ReplayRecord) -> int:
        return 0 if record.key is None else partition_of(record.key, self._partitions, self._partitioner)

    def finish(self, until_ms: int | None = None) -> list[dict[str, Any]]:
        """All alert records of the log, ordered as in one partition.

        At the end of input every boundary up to the one that closes the last event's pane is judged; with `until_ms`
        every boundary up to that time, and none after it.
        """
        last_ms = self.summary.last_event_ms
        if last_ms is None:
            return []
        for engine in self._engines.values():
            if engine.evaluator.watermark_ms is not None:
                end_ms = until_ms
                if end_ms is None:
                    end_ms = max((next_boundary(last_ms, o.hop_ms) for o in engine.objectives), default=last_ms)
                engine.evaluator.advance(end_ms + self._lateness_ms)
                self._publish(engine.evaluator)
        # Objectives of one metric are judged together, as far as the longest hop goes; each ends with its own pane.
        in_time = [
            (transition, document)
            for transition, document in self._alerts
            if transition.boundary_ms
            <= (until_ms if until_ms is not None else next_boundary(last_ms, transition.objective.hop_ms))
        ]
        return [document for _, document in sorted(in_time, key=lambda alert: alert[0].order)]
