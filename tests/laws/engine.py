"""The product's own engine over a log: in any chunks, committed, crashed and taken over at any point."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

import orjson
from hypothesis import settings

from streams.evaluation.objective import Objective
from streams.evaluation.series import Series, SeriesKey
from streams.intake.chunk import Chunk
from streams.intake.placement import partition_of
from streams.names import Topics
from streams.settings import PartitionerName
from streams.tables.rows import META_KEY, Meta, decode_meta, decode_series
from streams.unit.unit import Unit
from streams.unit.work import Work
from tests.build import NEW, Stored, stored
from tests.model import Record
from tests.model.alert import Alert

TOPICS = Topics()
Place = tuple[str, int]

law = settings(max_examples=40, deadline=None, print_blob=True)
"""How often a law is tried; a failure prints what reproduces it."""


class Broker:
    """What survives a crash: the changelog rows, the alerts and the misfits of one partition."""

    def __init__(self) -> None:
        self.rows: dict[bytes, bytes] = {}
        self.alerts: list[Alert] = []
        self.rejected: list[tuple[int, str]] = []
        self.rerouted = 0

    def store(self, work: Work) -> None:
        """Keep what a unit hands over, whole."""
        for key, value in work.rows:
            if value is None:
                self.rows.pop(key, None)  # one that came and went between two commits was never stored
            else:
                self.rows[key] = value
        self.alerts += [orjson.loads(record.value or b"") for record in work.alerts if record.topic == TOPICS.alerts]
        for record in work.misfits:
            if record.topic == TOPICS.rejected:
                headers = {name: (value or b"").decode() for name, value in record.headers}
                self.rejected.append((int(headers["offset"]), headers["reason"]))
            else:
                self.rerouted += 1

    @property
    def meta(self) -> Meta | None:
        """The meta row, once there is one."""
        return decode_meta(self.rows[META_KEY]) if META_KEY in self.rows else None

    @property
    def series(self) -> dict[SeriesKey, Series]:
        """What the other rows say."""
        decoded = [decode_series(key, value) for key, value in self.rows.items() if key != META_KEY]
        return {series.key: series for series in decoded}


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
    ) -> None:
        self.metric, self.partition, self.partitions = TOPICS.inputs[topic], partition, partitions
        self.objectives, self.lateness_ms = objectives, lateness_ms
        self.broker = Broker()
        self.take_over()

    def take_over(self, objectives: Sequence[Objective] | None = None) -> int:
        """Lose what was not committed, and go on with other objectives if given; the offset to read on from."""
        self.objectives = self.objectives if objectives is None else objectives
        meta, series = self.broker.meta or NEW, self.broker.series.values()
        assert meta.rows == len(series)
        self.unit = Unit(
            self.metric, TOPICS, self.partition, self._is_at_home, self.objectives, self.lateness_ms, meta, series
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
            self.unit.apply(Chunk(records[0].offset, records[-1].offset + 1, list(records)), clock_ms)

    def judge_through(self, until_ms: int) -> None:
        """Judge every boundary up to a time."""
        self.unit.tick(until_ms + self.lateness_ms)

    def commit(self) -> Broker:
        """Store everything done so far; what is stored by now."""
        if (work := self.unit.take_work()) is not None:
            self.broker.store(work)
        return self.broker


def by_place(log: Iterable[Record]) -> dict[Place, list[Record]]:
    """The records of each topic-partition."""
    places: dict[Place, list[Record]] = defaultdict(list)
    for record in log:
        places[record.topic, record.partition].append(record)
    return dict(places)


def run(
    log: Iterable[Record],
    objectives: Sequence[Objective],
    *,
    lateness_ms: int,
    partitions: int,
    until_ms: int | None = None,
    disorder: Random | None = None,
) -> dict[Place, Broker]:
    """What the engine stores for a log: in one go, or as `disorder` draws chunk borders, commits and crashes."""
    brokers = {}
    for (topic, partition), records in by_place(log).items():
        one = PartitionRun(topic, objectives, lateness_ms=lateness_ms, partition=partition, partitions=partitions)
        if disorder is None:
            one.read(*records)
        else:
            _read_in_disorder(one, stored(records), disorder)
        if until_ms is not None:
            one.judge_through(until_ms)
        brokers[topic, partition] = one.commit()
    return brokers


def _read_in_disorder(one: PartitionRun, records: Sequence[Stored], disorder: Random) -> None:
    at = 0
    while at < len(records):
        end = at + disorder.choice((1, 2, 7, 50))
        one.apply(records[at:end])
        at = min(end, len(records))
        if disorder.random() < 0.4:
            one.commit()
        if disorder.random() < 0.2:
            at = one.take_over()


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
