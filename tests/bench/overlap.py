"""Case: what one event costs when its window overlaps 15 others, and when it overlaps 288.

The same events go through a partition's unit under two windows of 60 s hops, one of 15 panes and one of 288. Each
series has an event in every pane, and the clock starts only when the longer window is full.
"""

import gc
import time
from fractions import Fraction
from typing import Final

from streams.evaluation.objective import Objective
from streams.intake.chunk import Chunk, SourceRecord
from streams.names import WEBHOOK, Topics
from streams.reference.reference import Reference
from streams.unit.unit import Unit
from streams.worker import YOUNG_OBJECTS
from tests.bench.case import BrokenError, Reading, Stage
from tests.bench.load import START_MS, Load
from tests.build import NEW, Stored

PANE_MS: Final = 60_000
FEW_PANES, MANY_PANES = 15, 288
LATENESS_MS: Final = 10_000
APPS: Final = 100
FILL_PER_PANE: Final = 400
MEASURED_PANES: Final = 30
CHUNK: Final = 10_000
TIMES: Final = 3


class Overlap:
    """In this process, without a broker; the best of three for each window, taken in turns."""

    async def prepare(self, stage: Stage) -> None:
        """Make the records."""
        fill_count, fill_ms = FILL_PER_PANE * MANY_PANES, PANE_MS * MANY_PANES
        self._filling = _chunks(0, fill_count, START_MS, fill_ms)
        self._count = stage.events // 10
        self._measured = _chunks(fill_count, self._count, START_MS + fill_ms, MEASURED_PANES * PANE_MS)

    async def measure(self, stage: Stage, round_number: int) -> Reading:
        """Both windows in turns."""
        spent_us = {panes: [] for panes in (FEW_PANES, MANY_PANES)}  # type: dict[int, list[float]]
        kept = gc.get_threshold()
        gc.set_threshold(YOUNG_OBJECTS)
        for _ in range(TIMES):
            for panes, spent in spent_us.items():
                spent.append(self._us_per_event(panes))
        gc.set_threshold(*kept)
        few, many = min(spent_us[FEW_PANES]), min(spent_us[MANY_PANES])
        return {
            ("overlap", f"us an event, {FEW_PANES} panes"): few,
            ("overlap", f"us an event, {MANY_PANES} panes"): many,
            ("overlap", f"{MANY_PANES} : {FEW_PANES} panes"): many / few,
        }

    def _us_per_event(self, panes: int) -> float:
        objective = Objective("overlap", WEBHOOK.id, panes * PANE_MS, PANE_MS, budget=Fraction(1, 100))
        unit = Unit(WEBHOOK, Topics(), 0, lambda _key: True, [objective], LATENESS_MS, Reference(Topics()), NEW)
        for chunk in self._filling:
            unit.apply(chunk, None)
        unit.take_work()
        started_s = time.process_time()
        for chunk in self._measured:
            unit.apply(chunk, None)
        spent_s = time.process_time() - started_s
        if unit.take_work() is None or unit.counts["records"] != FILL_PER_PANE * MANY_PANES + self._count:
            raise BrokenError("events were lost on the way into the windows")
        return spent_s / self._count * 1e6


def _chunks(first_offset: int, count: int, start_ms: int, span_ms: int) -> list[Chunk]:
    records: list[SourceRecord] = [
        Stored(offset, record.timestamp_ms, record.key, record.value)
        for offset, record in enumerate(
            Load(count, apps=APPS, start_ms=start_ms, span_ms=span_ms).records(), start=first_offset
        )
    ]
    return [
        Chunk(first_offset + at, first_offset + at + len(records[at : at + CHUNK]), records[at : at + CHUNK])
        for at in range(0, count, CHUNK)
    ]
