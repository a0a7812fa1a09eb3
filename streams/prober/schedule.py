"""When each URL is due: once an interval, at a moment of its own, for ever and without drift. Pure: time comes in.

Times are epoch milliseconds. A URL's phase is a hash of app and URL, so it does not depend on the other URLs, on when
a prober was started, or on which prober checks it; many URLs lie evenly over the interval.
"""

from collections.abc import Iterator
from hashlib import blake2b
from heapq import heapify, heappop, heappush
from itertools import count
from typing import NamedTuple

import orjson

from streams.prober.targets import HealthTarget

_HASH_BYTES = 8


class Due(NamedTuple):
    """A URL to check, and when it was to be checked."""

    target: HealthTarget
    due_ms: int


def phase_ms(target: HealthTarget, interval_ms: int) -> int:
    """The moment of a URL within each interval, counted from the epoch: 0 <= result < `interval_ms`."""
    name = orjson.dumps([target.app_key, target.url])
    return int.from_bytes(blake2b(name, digest_size=_HASH_BYTES).digest()) * interval_ms >> 8 * _HASH_BYTES


class Schedule:
    """The next moment of every URL."""

    def __init__(self, interval_ms: int) -> None:
        self._interval_ms = interval_ms
        self._next_ms: dict[HealthTarget, int] = {}
        self._queue: list[tuple[int, int, HealthTarget]] = []  # with entries of URLs that have gone
        self._order = count()

    def __len__(self) -> int:
        return len(self._next_ms)

    def __contains__(self, target: HealthTarget) -> bool:
        return target in self._next_ms

    def add(self, target: HealthTarget, from_ms: int) -> None:
        """Take a URL in, first due at its first moment not before `from_ms`; one that is there keeps its place."""
        if target not in self._next_ms:
            wait_ms = (phase_ms(target, self._interval_ms) - from_ms) % self._interval_ms
            self._put(target, from_ms + wait_ms)

    def remove(self, target: HealthTarget) -> None:
        """Forget a URL, if it is there."""
        self._next_ms.pop(target, None)
        if len(self._queue) > 2 * len(self._next_ms) + 100:
            self._queue = [entry for entry in self._queue if self._next_ms.get(entry[2]) == entry[0]]
            heapify(self._queue)

    def next_ms(self) -> int | None:
        """When the next URL is due; None without any."""
        while self._queue:
            due_ms, _, target = self._queue[0]
            if self._next_ms.get(target) == due_ms:
                return due_ms
            heappop(self._queue)
        return None

    def take(self, now_ms: int) -> Iterator[Due]:
        """Every URL due by now, the longest due first, each then due again an interval later.

        Rounds that went by are left out rather than caught up with: a prober that stood still sends no burst.
        """
        while (due_ms := self.next_ms()) is not None and due_ms <= now_ms:
            target = heappop(self._queue)[2]
            self._put(target, due_ms + self._interval_ms * (1 + (now_ms - due_ms) // self._interval_ms))
            yield Due(target, due_ms)

    def _put(self, target: HealthTarget, due_ms: int) -> None:
        self._next_ms[target] = due_ms
        heappush(self._queue, (due_ms, next(self._order), target))
