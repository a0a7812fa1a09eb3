"""What a peer tells of itself on its standard output, so that it can be measured from outside.

A peer prints `seen N` when it has taken in its first event and again past the half, and `done` once all that came of
the events is stored. Then it waits, to be measured, until its standard input ends; what it does after that only serves
to check it. Start-up lies before the first line. Nothing but the standard library is needed here: peers run in
environments of their own.
"""

import sys


class Progress:
    """Counts events in a Python peer."""

    def __init__(self, count: int) -> None:
        self._seen = 0
        self._next = 1
        self._half = (count + 1) // 2
        self._count = count

    @property
    def is_complete(self) -> bool:
        """Whether every event was seen."""
        return self._seen >= self._count

    def add(self, events: int = 1) -> None:
        """So many more were taken in."""
        self._seen += events
        if self._seen >= self._next:
            print("seen", self._seen, flush=True)
            self._next = self._half if self._seen < self._half else sys.maxsize


def done() -> None:
    """All is stored; wait to be measured."""
    print("done", flush=True)
    sys.stdin.read()
