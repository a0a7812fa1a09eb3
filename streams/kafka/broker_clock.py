"""What time it is by the brokers. Pure: the moment of a monotonic clock is part of each call.

Kafka tells its time by the records that it appends: on a topic with `message.timestamp.type=LogAppendTime` an
acknowledgement carries it, and so does each record. A record is known of only after it was appended, so what is told
is never ahead of the broker: the greatest of several is the nearest.
"""

from collections import deque
from typing import Final

WINDOW_S: Final = 30.0
"""How long the greatest stands: a broker's clock that was set back is believed after as long."""


class BrokerClock:
    """Told the append times of records; of several brokers the one that is furthest behind is believed."""

    def __init__(self) -> None:
        self._told: dict[int, deque[tuple[float, int]]] = {}

    def tell(self, broker: int, append_ms: int, at_s: float) -> None:
        """A record was appended by this broker at its time `append_ms`, not much before `at_s`; in order of `at_s`."""
        began_ms = append_ms - _ms(at_s)
        told = self._told.setdefault(broker, deque())
        while told and told[-1][1] <= began_ms:  # earlier and no nearer: never needed again
            told.pop()
        told.append((at_s, began_ms))
        _forget(told, at_s)

    def now_ms(self, at_s: float) -> int | None:
        """The time at `at_s`, epoch ms; None as long as no broker has told any."""
        for told in self._told.values():
            _forget(told, at_s)
        began_ms = min((told[0][1] for told in self._told.values()), default=None)
        return None if began_ms is None else began_ms + _ms(at_s)


def _forget(told: deque[tuple[float, int]], at_s: float) -> None:
    """What is older than the window, unless there is nothing newer."""
    while len(told) > 1 and told[0][0] < at_s - WINDOW_S:
        told.popleft()


def _ms(at_s: float) -> int:
    return int(at_s * 1_000)
