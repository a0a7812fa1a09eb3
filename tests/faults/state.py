"""What the workers have stored, held against the raw events: nothing lost, nothing counted twice, nothing invented."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from streams.names import Metric, changelog
from streams.tables.changelog import restore
from streams.tables.tables import Pane, TumblingTable
from tests.e2e.flow import Flow
from tests.model import Alert, Record, murmur2_partition
from tests.model.copies import is_foreign, timestamp_ms
from tests.model.placement import is_misplaced
from tests.model.reading import Event, read

Place = tuple[str, int]
Cell = tuple[str, str, int, bool]
"""(appKey, scope, start of the pane in epoch ms, whether the app reported it)."""


class Recount(NamedTuple):
    """Of one partition's usable events below an offset: good and bad by pane, and the greatest time seen."""

    panes: dict[Cell, tuple[int, int]]
    watermark_ms: int | None


async def state_violations(flow: Flow, log: list[tuple[int, Record]], alerts: dict[Place, list[Alert]]) -> list[str]:
    """What is wrong with the stored rows, in words; empty when they are those of a replay from nothing."""
    rejected = {(topic, partition, offset) for topic, partition, offset, _ in await flow.rejected()}
    records: defaultdict[Place, list[tuple[int, Record]]] = defaultdict(list)
    for offset, record in log:
        if (record.topic, record.partition, offset) not in rejected:
            records[record.topic, record.partition].append((offset, record))
    committed = {(tp.topic, tp.partition): offset for tp, offset in (await flow.committed()).items()}
    found: list[str] = []
    for topic, metric in flow.topics.inputs.items():
        for partition in range(flow.partitions):
            place = topic, partition
            state = await restore(flow.settings, changelog(flow.application_id, metric), partition)
            if state.meta is None:
                if place in committed:
                    found.append(f"I6: {place} was committed, but has no state")
                continue
            if committed.get(place) != state.meta.next_offset:
                found.append(f"I6: {place} is committed up to {committed.get(place)}, not {state.meta.next_offset}")
            progress = state.meta.progress
            if progress is None or not progress.objectives:
                continue
            recount = _recount(flow, metric, records[place], state.meta.next_offset, progress.pane_ms)
            if flow.clock == "event" and recount.watermark_ms != progress.watermark_ms:
                found.append(f"I2: the watermark of {place} is {progress.watermark_ms}, not {recount.watermark_ms}")
            longest_ms = max(objective.window_ms for objective in progress.objectives)
            longest_hop_ms = max(objective.hop_ms for objective in progress.objectives)
            table = TumblingTable(metric, state.series, progress.pane_ms)
            since_ms = progress.judged_ms + longest_hop_ms - longest_ms
            found += [f"I1: {place} {what}" for what in pane_violations(table, recount.panes, since_ms)]
            standing = {
                (*one.key, name): stored.breached_at_ms
                for one in state.series.values()
                for name, stored in one.states.items()
                if stored.breached_at_ms is not None
            }
            if set(standing) != _open_breaches(alerts.get(place, [])):
                found.append(f"I2: {place} stores other open breaches than were published")
    return found


def _recount(flow: Flow, metric: Metric, records: list[tuple[int, Record]], end_offset: int, pane_ms: int) -> Recount:
    good: Counter[Cell] = Counter()
    bad: Counter[Cell] = Counter()
    watermark_ms: int | None = None
    for offset, record in records:
        if offset >= end_offset or is_foreign(record, flow.application_id):
            continue
        event = read(record, metric)
        if not isinstance(event, Event) or is_misplaced(record, event.app_key, flow.partitions, murmur2_partition):
            continue
        stamp_ms = timestamp_ms(record)
        if stamp_ms is not None:  # what has none never tells the time
            watermark_ms = max(min(event.time_ms, stamp_ms), watermark_ms or 0)
        if event.counted:
            cell = (event.app_key, event.scope, event.time_ms // pane_ms * pane_ms, event.from_app)
            (good if event.good else bad)[cell] += 1
    return Recount({cell: (good[cell], bad[cell]) for cell in {*good, *bad}}, watermark_ms)


def pane_violations(table: TumblingTable, panes: dict[Cell, tuple[int, int]], since_ms: int) -> Iterator[str]:
    """Every stored pane is right, and every one that can still be needed is stored."""
    stored: dict[Cell, Pane] = {}
    for (app, scope), series in table.items():
        stored |= {(app, scope, pane.start_ms, pane.by_app): pane for pane in series}
    for cell, pane in stored.items():
        if panes.get(cell) != (pane.good, pane.bad):
            yield f"{cell} holds {pane.good} good and {pane.bad} bad; a recount gives {panes.get(cell)}"
    for cell, counts in panes.items():
        if cell[2] >= since_ms and cell not in stored:
            yield f"{cell} is not stored; a recount gives {counts}"


def _open_breaches(alerts: list[Alert]) -> set[tuple[str, str, str]]:
    latest = {(alert["appKey"], alert["scope"], alert["objective"]): alert["type"] for alert in alerts}
    return {series for series, kind in latest.items() if kind == "BREACH"}
