"""What the database has of a day beside what was counted anew: where they differ."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeVar

from streams.budgets.budget import Counts
from streams.database.text import storable
from streams.history.codec import DAY_MINUTES, MINUTE_MS, UnreadableRowError, read_day
from streams.history.latency import CHUNK_SLOTS, SLOT_MS, read_chunk
from streams.history.reading import Connection
from streams.history.recount import DAY_CHUNKS, Recount
from streams.history.tally import SeriesKey

_SERIES: Final = "app_key, metric, scope, source"
_WHERE: Final = (
    "join series on id = series where (%(app)s::text is null or app_key = %(app)s) and metric = any(%(metrics)s)"
)
_COUNTS: Final = f"select {_SERIES}, packed from day_counts {_WHERE} and day = %(day)s"  # noqa: S608
_SUMS: Final = f"select {_SERIES}, good, bad from day_sum {_WHERE} and day = %(day)s"  # noqa: S608
_LATENCIES: Final = f"select {_SERIES}, chunk, packed from latency {_WHERE} and chunk between %(first)s and %(last)s"  # noqa: S608
_NOTHING: Final = Counts(0, 0)

Key = TypeVar("Key")


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

    counts = ((SeriesKey(*key), packed) for *key, packed in rows(_COUNTS, "counts"))
    yield from _compared(What.MINUTES, counts, recount.counts, lambda key: key, _minutes(day))
    told = {key: _total(packed) for key, packed in recount.counts.items()}
    for *names, good, bad in rows(_SUMS, "sums"):
        key = SeriesKey(*names)
        if (stored := Counts(good, bad)) != (expected := told.pop(key, _NOTHING)):
            yield Difference(key, What.SUM, 1, day * DAY_MINUTES * MINUTE_MS, stored, expected)
    for key, expected in told.items():
        yield Difference(key, What.SUM, 1, day * DAY_MINUTES * MINUTE_MS, _NOTHING, expected)
    chunks = (((SeriesKey(*key), chunk), packed) for *key, chunk, packed in rows(_LATENCIES, "latencies"))
    yield from _compared(What.LATENCIES, chunks, recount.latencies, lambda place: place[0], _slots)


Places = Mapping[int, Any]
"""Epoch ms -> what is counted there."""


def _minutes(day: int) -> Callable[[Any, bytes], tuple[Places, Counts]]:
    def read(_key: object, packed: bytes) -> tuple[Places, Counts]:
        good, bad = read_day(packed)
        start = day * DAY_MINUTES
        places = {(start + at) * MINUTE_MS: pair for at, pair in enumerate(zip(good, bad, strict=True)) if any(pair)}
        return places, Counts(sum(good), sum(bad))

    return read


def _slots(place: tuple[SeriesKey, int], packed: bytes) -> tuple[Places, Counts]:
    histograms = read_chunk(packed)
    places: dict[int, dict[int, int]] = {}
    for (slot, bucket), count in histograms.items():
        places.setdefault((place[1] * CHUNK_SLOTS + slot) * SLOT_MS, {})[bucket] = count
    return places, Counts(histograms.total(), 0)


def _total(packed: bytes) -> Counts:
    good, bad = read_day(packed)
    return Counts(sum(good), sum(bad))


def _compared(
    what: What,
    stored: Iterable[tuple[Key, bytes]],
    recounted: Mapping[Key, bytes],
    series_of: Callable[[Key], SeriesKey],
    read: Callable[[Key, bytes], tuple[Places, Counts]],
) -> Iterator[Difference]:
    missing = set(recounted)
    for key, packed in stored:
        missing.discard(key)
        expected = recounted.get(key)
        if packed == expected:
            continue
        there, told = ({}, _NOTHING) if expected is None else read(key, expected)
        try:
            here, total = read(key, packed)
        except UnreadableRowError:
            yield Difference(series_of(key), what, len(there), min(there, default=0), None, told)
            continue
        places = [at for at in here.keys() | there.keys() if here.get(at) != there.get(at)]
        if places:
            yield Difference(series_of(key), what, len(places), min(places), total, told)
    for key in missing:
        there, told = read(key, recounted[key])
        yield Difference(series_of(key), what, len(there), min(there), _NOTHING, told)
