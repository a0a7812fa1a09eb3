"""Which boundaries of the objectives that history judges come due as time goes on."""

from collections.abc import Collection, Iterator
from math import gcd

from streams.windows.hopping import NEVER, next_boundary


class Boundaries:
    """Those of one input partition: the multiples of all hops. None of those up to `judged_ms` is judged again.

    From `due_ms` on, a watermark, the next one can be judged; never without a hop. Without `judged_ms` nothing was
    judged yet, and what was completed when time is first told never is.
    """

    def __init__(self, hops_ms: Collection[int], lateness_ms: int, judged_ms: int | None) -> None:
        self._hops_ms = frozenset(hops_ms)
        self._lateness_ms = lateness_ms
        self.judged_ms = judged_ms
        self._schedule()

    def _schedule(self) -> None:
        if not self._hops_ms:
            self.due_ms = NEVER
        elif self.judged_ms is None:
            self.due_ms = -NEVER
        else:
            self.due_ms = min(next_boundary(self.judged_ms, hop_ms) for hop_ms in self._hops_ms) + self._lateness_ms

    def reach(self, seen_ms: int) -> tuple[int, int] | None:
        """What comes due by this watermark, as times (after, up to]; None: nothing."""
        if seen_ms < self.due_ms:
            return None
        to_ms = seen_ms - self._lateness_ms
        after_ms, self.judged_ms = self.judged_ms, to_ms
        self._schedule()
        return None if after_ms is None else (after_ms, to_ms)


def boundaries(hops_ms: Collection[int], after_ms: int, to_ms: int) -> Iterator[int]:
    """The multiples of any of the hops in (after, to]."""
    step_ms = gcd(*hops_ms)
    for at_ms in range(next_boundary(after_ms, step_ms), to_ms + 1, step_ms):
        if any(at_ms % hop_ms == 0 for hop_ms in hops_ms):
            yield at_ms
