"""The product's own engine over a log: in any chunks, committed, crashed and taken over at any point."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

from hypothesis import settings

from streams.evaluation.objective import Objective
from streams.evaluation.store import SeriesStore
from streams.intake.admission import MAX_SERIES_PER_APP
from streams.kafka.chunk import Chunk
from streams.kafka.placement import partition_of
from streams.names import Metric
from streams.settings import PartitionerName
from streams.turn import finish
from streams.unit.unit import Unit
from tests.build import APPLICATION, NEW, Stored, stored
from tests.laws.beside import TOPICS, Beside
from tests.laws.broker import Broker
from tests.model import Record
from tests.model.alert import Alert
from tests.model.reading import Rejection, read

Place = tuple[str, int]

law = settings(max_examples=40, deadline=None, print_blob=True)
"""How often a law is tried; a failure prints what reproduces it."""


class PartitionRun:
    """The engine of one partition, which can be crashed and taken over."""

    def __init__(
        self,
        topic: str,
        objectives: Sequence[Objective],
        *,
        lateness_ms: int,
        partition: int = 0,
        partitions: int = 1,
        beside: Iterable[Record] = (),
        max_series_per_app: int = MAX_SERIES_PER_APP,
    ) -> None:
        self.metric, self.partition, self.partitions = TOPICS.inputs[topic], partition, partitions
        self.objectives, self.lateness_ms, self.max_series_per_app = objectives, lateness_ms, max_series_per_app
        self.broker = Broker()
        self.beside = Beside(beside)
        self.take_over()

    def take_over(self, objectives: Sequence[Objective] | None = None) -> int:
        """Lose what was not committed, and go on with other objectives if given; the offset to read on from."""
        self.objectives = self.objectives if objectives is None else objectives
        meta, series = self.broker.meta or NEW, self.broker.series.values()
        assert meta.rows == len(series)
        self.beside.begin()
        self.unit = Unit(
            self.metric,
            TOPICS,
            APPLICATION,
            self.partition,
            self._is_at_home,
            self.objectives,
            self.lateness_ms,
            self.beside.reference,
            meta,
            SeriesStore(series),
            self.max_series_per_app,
        )
        return self.unit.next_offset

    def _is_at_home(self, key: bytes) -> bool:
        return partition_of(key, self.partitions, PartitionerName.MURMUR2) == self.partition

    def read(self, *records: Record, clock_ms: int | None = None) -> None:
        """One chunk with the next records of the log."""
        self.apply(stored(records, self.unit.next_offset), clock_ms)

    def apply(self, records: Sequence[Stored], clock_ms: int | None = None) -> None:
        """One chunk of records that follow each other."""
        if records:
            finish(self.unit.apply(Chunk.of(records[0].offset, records[-1].offset + 1, list(records)), clock_ms))

    def judge_through(self, until_ms: int) -> None:
        """Judge every boundary up to a time."""
        finish(self.unit.tick(until_ms + self.lateness_ms))

    def commit(self) -> Broker:
        """Store everything done so far; what is stored by now."""
        if (work := self.unit.take_work()) is not None:
            self.broker.store(work)
        return self.broker


def by_place(log: Iterable[Record]) -> dict[Place, list[Record]]:
    """The events of each topic-partition."""
    places: defaultdict[Place, list[Record]] = defaultdict(list)
    for record in log:
        if record.topic not in TOPICS.reference:
            places[record.topic, record.partition].append(record)
    return places


def run(
    log: Iterable[Record],
    objectives: Sequence[Objective],
    *,
    lateness_ms: int,
    partitions: int,
    until_ms: int | None = None,
    disorder: Random | None = None,
    max_series_per_app: int = MAX_SERIES_PER_APP,
) -> dict[Place, Broker]:
    """What the engine stores for a log: in one go, or as `disorder` draws chunk borders, commits and crashes.

    In one go all exclusions and apps are known before the first event; in disorder each is read when its time comes, or
    earlier.
    """
    log = list(log)
    beside = [record for record in log if record.topic in TOPICS.reference]
    brokers = {}
    for (topic, partition), records in by_place(log).items():
        one = PartitionRun(
            topic,
            objectives,
            lateness_ms=lateness_ms,
            partition=partition,
            partitions=partitions,
            beside=beside,
            max_series_per_app=max_series_per_app,
        )
        if disorder is None:
            one.beside.read()
            one.read(*records)
        else:
            _read_in_disorder(one, records, disorder)
        if until_ms is not None:
            one.beside.read()
            one.judge_through(until_ms)
        brokers[topic, partition] = one.commit()
    return brokers


def _read_in_disorder(one: PartitionRun, records: Sequence[Record], disorder: Random) -> None:
    as_stored = stored(records)
    at = 0
    while at < len(records):
        end = at + disorder.choice((1, 2, 7, 50))
        horizon_ms = max((_moment_ms(one.metric, record) for record in records[at:end]), default=0)
        one.beside.read(horizon_ms, ahead=disorder.choice((0, 0, 1, 3)))
        one.apply(as_stored[at:end])
        at = min(end, len(records))
        if disorder.random() < 0.4:
            one.commit()
        if disorder.random() < 0.2:
            at = one.take_over()


def _moment_ms(metric: Metric, record: Record) -> int:
    """The latest time that matters to a record: its own and its event's."""
    event = read(record, metric)
    return 0 if isinstance(event, Rejection) else max(event.time_ms, record.timestamp_ms or 0)


def alerts_of(brokers: dict[Place, Broker]) -> dict[Place, list[Alert]]:
    """The alerts of each place that has any."""
    return {place: broker.alerts for place, broker in brokers.items() if broker.alerts}


def rejected_of(brokers: dict[Place, Broker]) -> list[tuple[str, int, int, str]]:
    """(topic, partition, offset, reason) of every rejected record, in order."""
    return sorted((*place, *rejected) for place, broker in brokers.items() for rejected in broker.rejected)


def by_series(alerts: Iterable[Alert]) -> dict[tuple[str, ...], list[dict[str, Any]]]:
    """The alerts of each series and objective, in order."""
    histories: dict[tuple[str, ...], list[Alert]] = defaultdict(list)
    for alert in alerts:
        histories[tuple(alert[name] for name in ("metricId", "appKey", "scope", "objective"))].append(alert)
    return dict(histories)
