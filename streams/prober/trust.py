"""Whether a prober may be trusted: when so much turns bad at once, the fault is rather on its own side.

Pure: time comes in, and the same checks give the same verdicts.
"""

from collections import Counter, deque
from enum import Enum
from itertools import takewhile
from typing import Final

from streams.prober.targets import HealthTarget

LEAST_PARTNERS: Final = 5
"""Of how many partners URLs have to fail: fewer may well share one failure of their own."""

DOUBT_SPAN_MS: Final = 10_000
"""Within so short a time most of what is checked has to turn bad to raise a doubt."""

SLACK_MS: Final = 8_000
"""A check may begin 5 s late, and takes up to 3 s: an interval with all its checks is longer by this."""


class Trust(Enum):
    """What is done with the results."""

    SURE = "reported"
    DOUBTFUL = "bad ones wait until it is decided"
    SUSPENDED = "kept"


class SelfTrust:
    """The trust of one prober in itself; epoch milliseconds, never going back.

    Suspended: more than half of its URLs, of at least five partners, turned bad within one interval, or all references
    failed. It trusts itself again as soon as not more than half of them are bad, and a reference answers.
    Doubtful: most of what was checked in the last ten seconds turned bad, of at least five partners; that lasts until
    it is suspended, or an interval has passed without.
    """

    def __init__(self, interval_ms: int) -> None:
        self._span_ms = interval_ms + SLACK_MS
        self._is_good: dict[HealthTarget, bool] = {}
        self._bad = 0
        self._turned_ms: dict[HealthTarget, int] = {}  # when a bad one turned bad, having been well; the oldest first
        self._partners = Counter[str]()  # of those
        self._checked_ms = deque[int]()  # of the last ten seconds
        self._references_fail = False
        self._doubts_until_ms: int | None = None
        self.suspended_since_ms: int | None = None

    def note(self, target: HealthTarget, at_ms: int, *, is_good: bool) -> None:
        """A check of a URL that this prober has, and what it would be counted as."""
        was_good = self._is_good.get(target)
        self._is_good[target] = is_good
        self._bad += (not is_good) - (was_good is False)
        self._checked_ms.append(at_ms)
        if is_good:
            self._unturn(target)
        elif was_good:
            self._turned_ms[target] = at_ms
            self._partners[target.of_partner] += 1

    def note_references(self, *, all_failed: bool) -> None:
        """The references were checked."""
        self._references_fail = all_failed

    def forget(self, target: HealthTarget) -> None:
        """The URL is no longer this prober's."""
        self._bad -= self._is_good.pop(target, None) is False
        self._unturn(target)

    def at(self, now_ms: int) -> Trust:
        """The trust at a time."""
        self._forget_before(now_ms)
        if self.suspended_since_ms is not None:
            if self._references_fail or 2 * self._bad > len(self._is_good):
                return Trust.SUSPENDED
            self.suspended_since_ms = None
        elif self._references_fail or self._most_turned():
            self.suspended_since_ms = now_ms
            self._doubts_until_ms = None
            return Trust.SUSPENDED
        if self._doubts_until_ms is None and self._most_turn_now(now_ms):
            self._doubts_until_ms = now_ms + self._span_ms
        elif self._doubts_until_ms is not None and now_ms >= self._doubts_until_ms:
            self._doubts_until_ms = None
        return Trust.SURE if self._doubts_until_ms is None else Trust.DOUBTFUL

    def _most_turned(self) -> bool:
        return 2 * len(self._turned_ms) > len(self._is_good) and len(self._partners) >= LEAST_PARTNERS

    def _most_turn_now(self, now_ms: int) -> bool:
        if len(self._partners) < LEAST_PARTNERS:
            return False
        now = takewhile(lambda one: one[1] > now_ms - DOUBT_SPAN_MS, reversed(self._turned_ms.items()))
        turned = [target for target, _ in now]
        return 2 * len(turned) > len(self._checked_ms) and len({one.of_partner for one in turned}) >= LEAST_PARTNERS

    def _forget_before(self, now_ms: int) -> None:
        while self._checked_ms and self._checked_ms[0] <= now_ms - DOUBT_SPAN_MS:
            self._checked_ms.popleft()
        while self._turned_ms:
            target, turned_ms = next(iter(self._turned_ms.items()))
            if turned_ms > now_ms - self._span_ms:
                break
            self._unturn(target)

    def _unturn(self, target: HealthTarget) -> None:
        if self._turned_ms.pop(target, None) is not None:
            self._partners[target.of_partner] -= 1
            if not self._partners[target.of_partner]:
                del self._partners[target.of_partner]
