"""What counts of one series in any stretch of minutes, up to months: whole days by their sums, and parts by the minute.

Of most days nothing but the sums is read: only those that a window begins or ends in, or that something is excluded
from, are unpacked.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import compress
from typing import Final
from zlib import adler32

from streams.evaluation.judged import ALL_AT_REST, Judged
from streams.evaluation.transition import ObjectiveState
from streams.history.codec import DAY_MINUTES
from streams.history.minutes import BLOCK_MINUTES, WHOLE_MINUTES
from streams.history.recent import Day, ReadDay, no_minutes
from streams.history.tally import Tally
from streams.windows.hopping import PaneRange

Sum = tuple[int, int]
"""Good and bad events."""

NOTHING: Final[Sum] = (0, 0)
_WINDOWS_REMEMBERED: Final = 1_024
_ADLER: Final = 65_521
_LOW_BITS: Final = 0xFFFF
"""Adler-32 has here what it began with and all bytes, added up modulo 65,521 (RFC 1950)."""


class UnreadPartError(Exception):
    """Parts are asked for of `days` of which only the sum was read."""

    def __init__(self, days: Iterable[int]) -> None:
        super().__init__(days)
        self.days = days


class SourceSums:
    """What one source tells of a series: good and bad events of days since 1970, in order.

    `days` are the minutes of those that were `read`.
    """

    def __init__(self, which: Sequence[int] = (), good: Sequence[int] = (), bad: Sequence[int] = ()) -> None:
        self._which = which
        self._good = good
        self._bad = bad
        self.days: dict[int, ReadDay] = {}
        self._growing: dict[int, Day] = {}

    def read(self, day: int, minutes: ReadDay) -> None:
        """The minutes of a day, as they are stored."""
        self.days[day] = _widened(minutes) if max(self.of(day)) >= _ADLER else minutes

    def add(self, day: int, minutes: Mapping[int, Iterable[int]]) -> None:
        """Count more of a day: minute of the day -> good and bad events."""
        by_minute = self._of_its_own(day)
        all_good, all_bad = self.of(day)
        for minute, (good, bad) in minutes.items():
            all_good, all_bad = all_good + good, all_bad + bad
            if by_minute is not None:
                by_minute[0][minute] += good
                by_minute[1][minute] += bad
        self._put(day, (all_good, all_bad))

    def _of_its_own(self, day: int) -> Day | None:
        """The minutes of a day, to be counted on; None where they were not read."""
        if day not in self._growing:
            if self.of(day) == NOTHING:  # nothing is stored of it: all of it is known
                self._growing[day] = no_minutes()
            elif day in self.days:
                self._growing[day] = _widened(self.days[day])
            else:
                return None
            self.days[day] = self._growing[day]
        return self._growing[day]

    def _put(self, day: int, sums: Sum) -> None:
        at = bisect_left(self._which, day)
        behind = bisect_right(self._which, day)
        self._which = [*self._which[:at], day, *self._which[behind:]]
        self._good = [*self._good[:at], sums[0], *self._good[behind:]]
        self._bad = [*self._bad[:at], sums[1], *self._bad[behind:]]

    @property
    def has_failed(self) -> bool:
        """Whether anything is bad."""
        return any(self._bad)

    @property
    def failing_days(self) -> Iterator[int]:
        """Days with a bad event."""
        return compress(self._which, self._bad)

    @property
    def tells_anything(self) -> bool:
        """Whether there are any events at all."""
        return any(self._good) or any(self._bad)

    def of(self, day: int) -> Sum:
        """All events of a day."""
        at = bisect_left(self._which, day)
        is_there = at < len(self._which) and self._which[at] == day
        return (self._good[at], self._bad[at]) if is_there else NOTHING

    def of_days(self, first: int, count: int) -> list[Sum]:
        """All events of each of so many days that follow each other."""
        at, end = bisect_left(self._which, first), bisect_left(self._which, first + count)
        if end - at == count:
            return list(zip(self._good[at:end], self._bad[at:end], strict=True))
        return [self.of(day) for day in range(first, first + count)]

    def knows(self, day: int) -> bool:
        """Whether each minute of a day is known."""
        return day in self.days or self.of(day) == NOTHING

    def counts(self, start: int, end: int) -> Sum:
        """Events of the minutes [start, end) of one day.

        Raises:
            UnreadPartError: it is a part of a day of which only the sum was read.
        """
        sums = self.of(start // DAY_MINUTES)
        if end - start == DAY_MINUTES or sums == NOTHING:
            return sums
        good, bad = self.minutes(start, end)
        return added_up(good), added_up(bad)

    def minutes(self, start: int, end: int) -> ReadDay:
        """Good and bad events of each minute of [start, end), which is within one day.

        Raises:
            UnreadPartError: of that day only the sum was read.
        """
        day, first = divmod(start, DAY_MINUTES)
        found = self.days.get(day)
        if found is None:
            if self.of(day) != NOTHING:
                raise UnreadPartError([day])
            found = no_minutes()
        good, bad = found
        part = slice(first, first + end - start)
        return good[part], bad[part]

    def total(self, ranges: Sequence[PaneRange]) -> Sum:
        """Events of these minutes, of whatever days.

        Raises:
            UnreadPartError: as `counts`.
        """
        whole, parts = _at_midnights(tuple(ranges))
        good = bad = 0
        for start, end in whole:
            days = slice(bisect_left(self._which, start), bisect_left(self._which, end))
            good, bad = good + sum(self._good[days]), bad + sum(self._bad[days])
        has_failed = self.has_failed
        for day, part in parts:
            by_minute = self.days.get(day)
            if by_minute is not None:
                good += added_up(by_minute[0][part])
                bad += added_up(by_minute[1][part]) if has_failed else 0
            elif self.of(day) != NOTHING:
                raise UnreadPartError([day])
        return good, bad


class SeriesSums(Judged):
    """A series by what each source of its metric tells, the host before the app; panes are minutes since 1970.

    `first_minute` is that of its first event.
    """

    def __init__(
        self,
        app_key: str,
        scope: str,
        first_minute: int,
        told: Sequence[SourceSums],
        states: Mapping[str, ObjectiveState] = ALL_AT_REST,
    ) -> None:
        self.app_key = app_key
        self.scope = scope
        self.first_minute = first_minute
        self.told = told
        self.states = states

    def add(self, counted: Iterable[Tally | None]) -> None:
        """Count what each source has told since; None: nothing."""
        for told, tally in zip(self.told, counted, strict=True):
            for day, minutes in ({} if tally is None else tally.by_day()).items():
                told.add(day, minutes)
                self.first_minute = min(self.first_minute, day * DAY_MINUTES + min(minutes))

    def counted(self, ranges: Sequence[PaneRange]) -> Sum:
        """(good, bad) of these minutes. The app's word replaces the host's as `minutes` says."""
        host, *by_app = self.told
        if not by_app or not ranges:
            return host.total(ranges)
        (app,) = by_app
        if ranges[-1][1] - ranges[0][0] > WHOLE_MINUTES:
            return self._by_block(host, app, ranges)
        found = app.total(ranges)
        return found if any(found) else host.total(ranges)

    def _by_block(self, host: SourceSums, app: SourceSums, ranges: Sequence[PaneRange]) -> Sum:
        good = bad = 0
        blocks: dict[int, tuple[Sum, Sum]] = {}
        for start, end in by_day(ranges):
            if app.of(start // DAY_MINUTES) == NOTHING:
                more_good, more_bad = host.counts(start, end)
                good, bad = good + more_good, bad + more_bad
                continue
            for first, last in _cut(start, end, BLOCK_MINUTES):
                of_host, of_app = blocks.get(first // BLOCK_MINUTES, (NOTHING, NOTHING))
                blocks[first // BLOCK_MINUTES] = (
                    plus(of_host, host.counts(first, last)),
                    plus(of_app, app.counts(first, last)),
                )
        for of_host, of_app in blocks.values():
            more_good, more_bad = of_app if any(of_app) else of_host
            good, bad = good + more_good, bad + more_bad
        return good, bad

    def must_know(self, days: Iterable[int]) -> None:
        """Whether the minutes of days since 1970 are known.

        Raises:
            UnreadPartError: only the sums of some are.
        """
        unread = [day for day in days for told in self.told if not told.knows(day)]
        if unread:
            raise UnreadPartError(unread)

    def was_there(self, at_ms: int, pane_ms: int) -> bool:
        """History keeps more than any window: nobody asks."""
        return False

    @property
    def has_failed(self) -> bool:
        """Whether anything that was read of it is bad, whoever told of it."""
        return any(told.has_failed for told in self.told)

    @property
    def failing_days(self) -> set[int]:
        """Days since 1970 with a bad event, whoever told of it."""
        return {day for told in self.told for day in told.failing_days}


def _widened(minutes: ReadDay) -> Day:
    """The same with room for more than a byte holds, and to be changed."""
    good, bad = minutes
    return array("Q", list(good)), array("Q", list(bad))


def added_up(counts: Sequence[int]) -> int:
    """Of bytes, which are none of a busy day, a checksum tells it nine times as fast as `sum`."""
    return adler32(counts, 0) & _LOW_BITS if isinstance(counts, bytes) else sum(counts)


@lru_cache(maxsize=_WINDOWS_REMEMBERED)  # very many series are asked for the same ones
def _at_midnights(ranges: tuple[PaneRange, ...]) -> tuple[Sequence[PaneRange], Sequence[tuple[int, slice]]]:
    """The stretches [first, end) of days since 1970 that are whole in these minutes; of all others, which part."""
    whole, parts = list[PaneRange](), list[tuple[int, slice]]()
    for start, end in ranges:
        first, last = -(-start // DAY_MINUTES), end // DAY_MINUTES
        if first < last:
            whole.append((first, last))
        parts += [
            (begin // DAY_MINUTES, slice(begin % DAY_MINUTES, begin % DAY_MINUTES + stop - begin))
            for begin, stop in _cut(start, end, DAY_MINUTES)
            if stop - begin < DAY_MINUTES
        ]
    return whole, parts


def by_day(ranges: Iterable[PaneRange]) -> Iterator[PaneRange]:
    """The same minutes since 1970, cut at every midnight."""
    for start, end in ranges:
        yield from _cut(start, end, DAY_MINUTES)


def _cut(start: int, end: int, length: int) -> Iterator[PaneRange]:
    """[start, end) at all multiples of a length."""
    while start < end:
        stop = min(end, (start // length + 1) * length)
        yield start, stop
        start = stop


def plus(one: Sum, other: Sum) -> Sum:
    """Both added up."""
    return one[0] + other[0], one[1] + other[1]
