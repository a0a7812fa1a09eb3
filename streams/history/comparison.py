"""What the database has of a day beside what was counted anew: where they differ."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Any, Final

from streams.budgets.budget import Counts
from streams.database.text import storable
from streams.history.codec import DAY_MINUTES, MINUTE_MS, UnreadableRowError, read_day
from streams.history.latency import CHUNK_SLOTS, DAY_CHUNKS, DAY_SLOTS, SLOT_MS, slot_and_bucket
from streams.history.reading import Connection
from streams.history.recent import add_days, histograms_in
from streams.history.recount import Recount
from streams.history.tally import SeriesKey

_SERIES: Final = "app_key, metric, scope, source"
_WHERE: Final = (
    "join series on id = series where (%(app)s::text is null or app_key = %(app)s) and metric = any(%(metrics)s)"
)
_COUNTS: Final = f"select {_SERIES}, 0, packed from all_counts {_WHERE} and day = %(day)s order by id"  # noqa: S608
_SUMS: Final = f"""
select {_SERIES}, sum(good)::bigint, sum(bad)::bigint from all_sums {_WHERE} and day = %(day)s group by id
"""  # noqa: S608
_LATENCIES: Final = f"""
select {_SERIES}, chunk - %(first)s, packed from all_latencies {_WHERE} and chunk between %(first)s and %(last)s
order by id
"""  # noqa: S608
_NOTHING: Final = Counts(0, 0)

Rows = Sequence[tuple[int, bytes]]
"""Of one series: which chunk of the day the row begins with, and the row."""


class What(StrEnum):
    """What of a series differs."""

    MINUTES = "minutes"
    SUM = "sum of the day"
    LATENCIES = "latencies"


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a series differs: in how many places, the first of them at `at_ms`, and all its events of the day there.

    `stored` and `recounted` are good and bad events; of latencies, which have no verdict, all are good. None: the row
    cannot be read.
    """

    key: SeriesKey
    what: What
    places: int
    at_ms: int
    stored: Counts | None
    recounted: Counts


def differences(
    connection: Connection, day: int, app_key: str | None, metrics: Iterable[str], recount: Recount
) -> Iterator[Difference]:
    """Where the rows of a day, of one app (None: all), are not what the events of these metrics come to."""
    app = None if app_key is None else storable(app_key)
    first = day * DAY_CHUNKS
    values = {"app": app, "metrics": list(metrics), "day": day, "first": first, "last": first + DAY_CHUNKS - 1}

    def rows(query: str, name: str) -> Iterator[tuple[Any, ...]]:
        with connection.cursor(name, binary=True) as cursor:  # a whole day of all apps may be gigabytes
            yield from cursor.execute(query.encode(), values)

    def by_series(query: str, name: str) -> Iterator[tuple[SeriesKey, Rows]]:
        for key, some in groupby(rows(query, name), key=lambda row: SeriesKey(*row[:4])):
            yield key, [row[4:] for row in some]

    yield from _compared(What.MINUTES, by_series(_COUNTS, "counts"), recount.counts, _minutes(day))
    told = {key: _total(packed) for key, packed in recount.counts.items()}
    for *names, good, bad in rows(_SUMS, "sums"):
        key = SeriesKey(*names)
        if (stored := Counts(good, bad)) != (expected := told.pop(key, _NOTHING)):
            yield Difference(key, What.SUM, 1, day * DAY_MINUTES * MINUTE_MS, stored, expected)
    for key, expected in told.items():
        yield Difference(key, What.SUM, 1, day * DAY_MINUTES * MINUTE_MS, _NOTHING, expected)
    yield from _compared(What.LATENCIES, by_series(_LATENCIES, "latencies"), recount.latencies, _slots(day))


Places = Mapping[int, Any]
"""Epoch ms -> what is counted there."""


def _minutes(day: int) -> Callable[[Rows], tuple[Places, Counts]]:
    def read(rows: Rows) -> tuple[Places, Counts]:
        good, bad = add_days((day, packed) for _, packed in rows)[day]
        start = day * DAY_MINUTES
        places = {(start + at) * MINUTE_MS: pair for at, pair in enumerate(zip(good, bad, strict=True)) if any(pair)}
        return places, Counts(sum(good), sum(bad))

    return read


def _slots(day: int) -> Callable[[Rows], tuple[Places, Counts]]:
    def read(rows: Rows) -> tuple[Places, Counts]:
        places: dict[int, Counter[int]] = {}
        for chunk, packed in rows:
            for place, count in histograms_in(packed).items():
                slot, bucket = slot_and_bucket(place)
                at_ms = (day * DAY_SLOTS + chunk * CHUNK_SLOTS + slot) * SLOT_MS
                places.setdefault(at_ms, Counter())[bucket] += count
        return places, Counts(sum(one.total() for one in places.values()), 0)

    return read


def _total(packed: bytes) -> Counts:
    good, bad = read_day(packed)
    return Counts(sum(good), sum(bad))


def _compared(
    what: What,
    stored: Iterable[tuple[SeriesKey, Rows]],
    recounted: Mapping[SeriesKey, bytes],
    read: Callable[[Rows], tuple[Places, Counts]],
) -> Iterator[Difference]:
    missing = set(recounted)
    for key, rows in stored:
        missing.discard(key)
        expected = [(0, recounted[key])] if key in recounted else []
        if list(rows) == expected:
            continue
        there, told = read(expected) if expected else ({}, _NOTHING)
        try:
            here, total = read(rows)
        except UnreadableRowError:
            yield Difference(key, what, len(there), min(there, default=0), None, told)
            continue
        places = [at for at in here.keys() | there.keys() if here.get(at) != there.get(at)]
        if places:
            yield Difference(key, what, len(places), min(places), total, told)
    for key in missing:
        there, told = read([(0, recounted[key])])
        yield Difference(key, what, len(there), min(there), _NOTHING, told)
