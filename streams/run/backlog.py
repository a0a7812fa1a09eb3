"""What lay on the topics before the worker came: read partition by partition, its alerts shown in the order of time."""

from collections.abc import Callable, Iterable
from typing import Final

from schemas import Alert
from streams.kafka.progress import PartitionProgress

_LOOKS: Final = 2  # an alert may be seen a moment after the commit that it came with


class Backlog:
    """Where every partition ended; read once all of that is committed, and a further look was had since."""

    def __init__(self, progress: Iterable[PartitionProgress]) -> None:
        self._ends = {(one.topic, one.partition): one.end_offset for one in progress}
        self._looks = 0

    def is_read(self, progress: Iterable[PartitionProgress]) -> bool:
        """Whether it is, by what the brokers say now."""
        if all(one.next_offset >= self._ends.get((one.topic, one.partition), 0) for one in progress):
            self._looks += 1
        return self._looks >= _LOOKS


class AlertsInOrder:
    """Shows alerts as they come; until `release` it keeps them, to show them in the order of their boundaries."""

    def __init__(self, show: Callable[[Alert], None]) -> None:
        self._show = show
        self._kept: list[Alert] | None = []

    def take(self, alert: Alert) -> None:
        """The next one that was published."""
        if self._kept is None:
            self._show(alert)
        else:
            self._kept.append(alert)

    def release(self) -> None:
        """Show those that were kept; keep no more."""
        kept, self._kept = self._kept or [], None
        for alert in sorted(kept, key=lambda one: one.time):
            self._show(alert)
