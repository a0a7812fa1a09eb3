"""What must come out of a load: windows and alerts by an exact recount of its panes, without anything of the engine."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import chain
from typing import Any, Final

import orjson

from streams.names import WEBHOOK
from tests.bench.load import Load
from tests.model import murmur2_partition

PANE_MS: Final = 60_000
PANES: Final = 15
LATENESS_MS: Final = 10_000

Windows = dict[tuple[str, int], tuple[int, int]]
"""(appKey, end of the window in epoch ms) -> (good, bad)."""
Alert = tuple[str, str, int, int, int]
"""appKey, BREACH or RECOVERY, boundary in epoch ms, good, bad."""


@dataclass(slots=True)
class Recount:
    """Panes of each app, pane number -> [good, bad], and the watermark of each partition."""

    partitions: int
    panes: dict[str, dict[int, list[int]]] = field(default_factory=dict)
    watermarks_ms: dict[int, int] = field(default_factory=dict)

    def windows(self) -> Windows:
        """Every window that holds an event, also those that the end of the load leaves open."""
        found: dict[tuple[str, int], list[int]] = {}
        for app, panes in self.panes.items():
            for pane, counts in panes.items():
                for end in range(pane + 1, pane + 1 + PANES):
                    window = found.setdefault((app, end * PANE_MS), [0, 0])
                    window[0] += counts[0]
                    window[1] += counts[1]
        return {key: (good, bad) for key, (good, bad) in found.items()}

    def closed_before_ms(self) -> int:
        """Windows that end up to here are closed in every partition, whatever comes."""
        return min(self.watermarks_ms.values()) - LATENESS_MS - PANE_MS

    def alerts(self) -> set[Alert]:
        """Transitions of webhook deliveries at 99 % over 15 minutes, judged each minute."""
        windows = self.windows()
        return {alert for app in self.panes for alert in self._alerts(app, windows)}

    def _alerts(self, app: str, windows: Windows) -> Iterator[Alert]:
        start_ms = (min(self.panes[app]) + 1) * PANE_MS
        last_ms = self.watermarks_ms[murmur2_partition(app.encode(), self.partitions)] - LATENESS_MS
        is_breached = False
        for boundary_ms in range(start_ms, last_ms + 1, PANE_MS):
            good, bad = windows.get((app, boundary_ms), (0, 0))
            if (100 * bad > good + bad) != is_breached:
                is_breached = not is_breached
                yield app, "BREACH" if is_breached else "RECOVERY", boundary_ms, good, bad


def alert_of(record: Mapping[str, Any]) -> Alert:
    """What is compared of an alert record."""
    boundary_ms = round(datetime.fromisoformat(record["windowEnd"]).timestamp() * 1_000)
    return record["appKey"], record["type"], boundary_ms, record["goodCount"], record["badCount"]


@lru_cache(maxsize=4)
def recount(load: Load, partitions: int) -> Recount:
    """The recount of a load of webhook deliveries and the records before it."""
    assert load.metric is WEBHOOK
    counted = Recount(partitions)
    places: dict[str, int] = {}
    for record in chain(load.first.records(), load.records()):
        event = orjson.loads(record.value)
        app, time_ms = event["appKey"], event["time"]
        counts = counted.panes.setdefault(app, {}).setdefault(time_ms // PANE_MS, [0, 0])
        counts[event["statusCode"] not in (200, 204)] += 1
        place = places.get(app)
        if place is None:
            place = places[app] = murmur2_partition(app.encode(), partitions)
        seen_ms = min(time_ms, record.timestamp_ms)
        if seen_ms > counted.watermarks_ms.get(place, 0):
            counted.watermarks_ms[place] = seen_ms
    return counted
