"""The product's own engine over a log, in the shapes the model is held against."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import orjson

from streams.evaluation.objective import Objective
from streams.intake.chunk import Chunk
from streams.intake.placement import partition_of
from streams.names import Metric, Topics
from streams.settings import PartitionerName
from streams.tables.rows import META_KEY, Meta, decode_meta, decode_series
from streams.unit.unit import Unit
from streams.unit.work import Work
from tests.model import Record

TOPICS = Topics()


@dataclass(frozen=True, slots=True)
class Stored:
    """A record of the log at its offset, as the intake wants it."""

    offset: int
    timestamp: int | None
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class Broker:
    """What survives a crash: the changelog rows, the alerts and the rejected records of one partition."""

    def __init__(self) -> None:
        self.rows: dict[bytes, bytes] = {}
        self.alerts: list[dict[str, Any]] = []
        self.rejected: list[tuple[int, str]] = []

    def store(self, work: Work | None) -> None:
        """Keep what a unit hands over."""
        if work is None:
            return
        for key, value in work.rows:
            if value is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = value
        self.alerts += [orjson.loads(record.value or b"") for record in work.alerts if record.topic == TOPICS.alerts]
        for record in work.misfits:
            headers = dict(record.headers)
            if record.topic == TOPICS.rejected:
                self.rejected.append((int(headers["offset"] or b""), (headers["reason"] or b"").decode()))

    def meta(self) -> Meta | None:
        """The meta row, once there is one."""
        return decode_meta(self.rows[META_KEY]) if META_KEY in self.rows else None


class PartitionRun:
    """The engine of one partition, which can be crashed and taken over."""

    def __init__(
        self, metric: Metric, partition: int, partitions: int, objectives: Sequence[Objective], lateness_ms: int
    ) -> None:
        self.metric, self.partition, self.partitions = metric, partition, partitions
        self.objectives, self.lateness_ms = objectives, lateness_ms
        self.broker = Broker()
        self.unit = self._take_over()

    def _take_over(self) -> Unit:
        meta = self.broker.meta()
        series = [decode_series(key, value) for key, value in self.broker.rows.items() if key != META_KEY]
        assert meta is None or meta.rows == len(series)
        return Unit(
            self.metric,
            TOPICS,
            self.partition,
            lambda key: partition_of(key, self.partitions, PartitionerName.MURMUR2) == self.partition,
            self.objectives,
            self.lateness_ms,
            meta,
            series,
        )

    def crash(self) -> int:
        """Lose what was not committed; the offset to read on from."""
        self.unit = self._take_over()
        return self.unit.next_offset or 0

    def commit(self) -> None:
        """Store everything done so far."""
        self.broker.store(self.unit.take_work())


def run(
    log: Iterable[Record],
    objectives: Sequence[Objective],
    *,
    lateness_ms: int,
    partitions: int,
    until_ms: int | None = None,
    disorder: Random | None = None,
    during: Callable[[PartitionRun], None] = lambda _run: None,
) -> dict[tuple[str, int], Broker]:
    """What the engine stores for a log. `disorder` draws chunk borders, commits and crashes."""
    by_place: dict[tuple[str, int], list[Stored]] = defaultdict(list)
    for record in log:
        stored = by_place[record.topic, record.partition]
        stored.append(Stored(len(stored), record.timestamp_ms, record.key, record.value, record.headers))
    runs = {}
    for (topic, partition), records in by_place.items():
        one = PartitionRun(TOPICS.inputs[topic], partition, partitions, objectives, lateness_ms)
        at = 0
        while at < len(records):
            size = len(records) if disorder is None else disorder.choice((1, 2, 7, 50))
            one.unit.apply(Chunk(at, min(at + size, len(records)), list(records[at : at + size])), clock_ms=None)
            at = min(at + size, len(records))
            if disorder is not None and disorder.random() < 0.4:
                one.commit()
            if disorder is not None and disorder.random() < 0.2:
                at = one.crash()
            during(one)
        if until_ms is not None:
            one.unit.tick(until_ms + lateness_ms)
        one.commit()
        runs[topic, partition] = one.broker
    return runs
