"""The numbers of the status line, from what the brokers and the alerts tell."""

from collections import deque
from collections.abc import Iterable
from typing import Final

from schemas import Alert
from streams.kafka.progress import PartitionProgress
from streams.run.view import Status

_RATE_SAMPLES: Final = 6  # a worker with a backlog commits every few seconds


class Tally:
    """Counts from `start` on; time comes as an argument, in seconds of a clock that never jumps."""

    def __init__(self, start: Iterable[PartitionProgress], open_breaches: Iterable[Alert], now_s: float) -> None:
        self._start = _judged(start)
        self._open = {alert.incident_id for alert in open_breaches}
        self._samples = deque([(now_s, 0)], maxlen=_RATE_SAMPLES)

    def alert(self, alert: Alert) -> None:
        """Take note of a breach or a recovery."""
        if alert.type == "BREACH":
            self._open.add(alert.incident_id)
        else:
            self._open.discard(alert.incident_id)

    def status(self, progress: Iterable[PartitionProgress], now_s: float) -> Status:
        """How things stand; the rate is that of the last few calls."""
        partitions = list(progress)
        events = _judged(partitions) - self._start
        self._samples.append((now_s, events))
        earliest_s, earlier_events = self._samples[0]
        per_s = (events - earlier_events) / (now_s - earliest_s) if now_s > earliest_s else 0.0
        return Status(events, per_s, sum(one.lag for one in partitions), len(self._open))


def _judged(progress: Iterable[PartitionProgress]) -> int:
    return sum(one.next_offset for one in progress)
