"""Curve: what one event costs by how many windows it overlaps.

The same events go through a partition's unit under windows of 15 to 1,440 panes. Each series has an event in every
pane, and the clock starts only when the longest window is full.
"""

import time
from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from typing import Final

from streams.evaluation.objective import Objective
from streams.health.counts import COUNTED
from streams.kafka.chunk import Chunk, SourceRecord
from streams.names import WEBHOOK, Topics
from streams.reference.reference import Reference
from streams.turn import finish
from streams.unit.unit import Unit
from tests.bench.best import best_in_turns
from tests.bench.case import BrokenError
from tests.bench.load import START_MS, Load
from tests.build import APPLICATION, NEW, Stored

PANES: Final = (15, 90, 288, 1_440)
PANE_MS: Final = 60_000
LATENESS_MS: Final = 10_000
APPS: Final = 100
FILL_PER_PANE: Final = 300
MEASURED_PANES: Final = 30
CHUNK: Final = 10_000


def cpu_s_per_million(events: int, times: int, *, window_panes: Sequence[int] = PANES) -> dict[int, float]:
    """In this process, without a broker, by panes a window; the best of some times each, taken in turns.

    Raises:
        BrokenError: events were lost.
    """
    longest = max(window_panes)
    fill_count, fill_ms = FILL_PER_PANE * longest, PANE_MS * longest
    filling = chunks(Load(fill_count, apps=APPS, span_ms=fill_ms))
    measured = chunks(
        Load(events, apps=APPS, start_ms=START_MS + fill_ms, span_ms=MEASURED_PANES * PANE_MS), first_offset=fill_count
    )

    def spent_s(panes: int) -> float:
        unit = new_unit(panes)
        apply(unit, filling)
        return apply(unit, measured)

    best_s = best_in_turns([partial(spent_s, panes) for panes in window_panes], times)
    return {panes: cpu_s / events * 1e6 for panes, cpu_s in zip(window_panes, best_s, strict=True)}


def new_unit(panes: int) -> Unit:
    """A unit of webhook deliveries at its beginning, with one objective of this window."""
    objective = Objective("overlap", WEBHOOK.id, panes * PANE_MS, PANE_MS, budget=Fraction(1, 100))
    return Unit(
        WEBHOOK, Topics(), APPLICATION, 0, lambda _key: True, [objective], LATENESS_MS, Reference(Topics()), NEW
    )


def apply(unit: Unit, some: Sequence[Chunk]) -> float:
    """CPU seconds that chunks take, and the putting together of the commit after them.

    Raises:
        BrokenError: events were lost.
    """
    before = unit.counts[COUNTED]
    started_s = time.process_time()
    for chunk in some:
        finish(unit.apply(chunk, None))
    work = unit.take_work()
    spent_s = time.process_time() - started_s
    if work is None or unit.counts[COUNTED] - before != some[-1].next_offset - some[0].start_offset:
        raise BrokenError("events were lost on the way into the windows")
    return spent_s


def chunks(load: Load, first_offset: int = 0) -> list[Chunk]:
    """The records of a load as fetches bring them."""
    records: list[SourceRecord] = [
        Stored(offset, record.timestamp_ms, record.key, record.value)
        for offset, record in enumerate(load.records(), first_offset)
    ]
    return [
        Chunk.of(first_offset + at, first_offset + at + len(records[at : at + CHUNK]), records[at : at + CHUNK])
        for at in range(0, len(records), CHUNK)
    ]
