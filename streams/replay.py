"""Replay: a recorded log through the same engine, without a broker, to test objectives on past data."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import orjson

from schemas.rejected import Reason
from streams.evaluation.evaluator import Evaluator
from streams.evaluation.objective import Objective
from streams.evaluation.transition import Transition
from streams.intake.admission import Admission
from streams.intake.placement import partition_of
from streams.names import Metric, Topics
from streams.settings import PartitionerName
from streams.windows.hopping import next_boundary

_RECORDS_AT_A_TIME = 5_000


class UnreadableLineError(ValueError):
    """A line that is not a record of the replay format."""


@dataclass(frozen=True, slots=True)
class ReplayRecord:
    """A record of a log: what a broker would have stored."""

    topic: str
    app_key: str | None
    value: bytes | None
    timestamp: int | None
    offset: int
    headers: tuple[tuple[str, bytes | None], ...] = ()

    @property
    def key(self) -> bytes | None:
        """The key under which the record is put right."""
        return None if self.app_key is None else self.app_key.encode()


def read_line(line: bytes, number: int) -> ReplayRecord:
    """The record of one NDJSON line: `{"topic", "key", "value", "timestamp"}`; `value` an object, or the bytes as text.

    Raises:
        UnreadableLineError: not such a line.
    """
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError as problem:
        raise UnreadableLineError(f"not JSON: {problem}") from problem
    if not isinstance(document, dict) or not isinstance(document.get("topic"), str):
        raise UnreadableLineError('not an object with a "topic"; expected {"topic", "key", "value", "timestamp"}')
    timestamp = document.get("timestamp")
    if timestamp is not None and type(timestamp) is not int:
        raise UnreadableLineError('"timestamp" is not integer epoch milliseconds')
    value = document.get("value")
    raw = value.encode() if isinstance(value, str) else None if value is None else orjson.dumps(value)
    return ReplayRecord(document["topic"], _app_key(value, raw), raw, timestamp, number)


def _app_key(value: Any, raw: bytes | None) -> str | None:
    if isinstance(value, str) and raw is not None:
        try:
            value = orjson.loads(raw)
        except orjson.JSONDecodeError:
            return None
    app_key = value.get("appKey") if isinstance(value, dict) else None
    return app_key if isinstance(app_key, str) else None


@dataclass(slots=True)
class Summary:
    """What a replay did with its input."""

    events: int = 0
    other_topics: int = 0
    rejected: Counter[Reason] = field(default_factory=Counter)
    last_event_ms: int | None = None


class _Partition:
    """The engine of one topic and partition."""

    def __init__(self, metric: Metric, objectives: Sequence[Objective], lateness_ms: int) -> None:
        self.objectives = [objective for objective in objectives if objective.metric == metric.id]
        self.admission = Admission(metric, is_at_home=lambda _key: True)
        self.evaluator = Evaluator(self.objectives, lateness_ms)

    def apply(self, records: Sequence[ReplayRecord], summary: Summary) -> None:
        observations = list(self.admission.observations(records, clock_ms=None))
        late = {record.offset for record in self.evaluator.observe(observations)}
        for _, _, time_ms, _, _, record in observations:
            if record.offset not in late:
                summary.last_event_ms = max(time_ms, summary.last_event_ms or 0)
        summary.rejected[Reason.TOO_LATE] += len(late)
        summary.rejected.update(rejection.reason for rejection in self.admission.rejected)
        self.admission.rejected.clear()


class Replay:
    """Judges a log over `partitions` partitions per topic; feed it with `records`, then `finish`."""

    def __init__(
        self,
        objectives: Sequence[Objective],
        lateness_ms: int,
        topics: Topics,
        partitions: int = 1,
        partitioner: PartitionerName = PartitionerName.MURMUR2,
    ) -> None:
        self.summary = Summary()
        self._lateness_ms = lateness_ms
        self._topics = topics.inputs
        self._partitions = partitions
        self._partitioner = partitioner
        self._engines = {
            (topic, partition): _Partition(metric, objectives, lateness_ms)
            for topic, metric in self._topics.items()
            for partition in range(partitions)
        }

    def records(self, records: Iterable[ReplayRecord]) -> None:
        """Judge more of the log."""
        remaining: Iterator[ReplayRecord] = iter(records)
        while portion := list(islice(remaining, _RECORDS_AT_A_TIME)):
            placed: dict[tuple[str, int], list[ReplayRecord]] = {}
            for record in portion:
                if record.topic in self._topics:
                    placed.setdefault((record.topic, self._partition(record)), []).append(record)
                else:
                    self.summary.other_topics += 1
            for place, its_records in placed.items():
                self.summary.events += len(its_records)
                self._engines[place].apply(its_records, self.summary)

    def _partition(self, record: ReplayRecord) -> int:
        return 0 if record.key is None else partition_of(record.key, self._partitions, self._partitioner)

    def finish(self, until_ms: int | None = None) -> list[Transition]:
        """All transitions of the log, ordered as in one partition.

        At the end of input every boundary up to the one that closes the last event's pane is judged; with `until_ms`
        every boundary up to that time, and none after it.
        """
        last_ms = self.summary.last_event_ms
        transitions: list[Transition] = []
        for engine in self._engines.values():
            if engine.evaluator.watermark_ms is not None and last_ms is not None:
                end_ms = until_ms
                if end_ms is None:
                    end_ms = max((next_boundary(last_ms, o.hop_ms) for o in engine.objectives), default=last_ms)
                engine.evaluator.advance(end_ms + self._lateness_ms)
            transitions += engine.evaluator.take_transitions()
        if last_ms is None:
            return []
        # Objectives of one metric are judged together, as far as the longest hop goes; each ends with its own pane.
        in_time = [
            transition
            for transition in transitions
            if transition.boundary_ms
            <= (until_ms if until_ms is not None else next_boundary(last_ms, transition.objective.hop_ms))
        ]
        return sorted(in_time, key=lambda transition: transition.order)
