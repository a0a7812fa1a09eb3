"""A naive recount: every record of a log read by hand, and counted in plain dictionaries."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from streams.names import IFRAME, Topics
from tests.model.copies import REDRIVEN, is_foreign, is_rerouted
from tests.model.fields import epoch_ms
from tests.model.placement import is_misplaced, murmur2_partition
from tests.model.reading import FIELDS, Rejection, read, read_body
from tests.model.record import Record

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
COUNTED_DAYS = 35

Key = tuple[str, str, str, str]
"""App, metric, scope, source."""


@dataclass
class Recount:
    """What a log comes to, since 1970: good and bad events by minute, latencies in ms by five minutes, late by hour.

    `late` is by what the log had told until then, `overdue` by when the record itself came: the most that may be late
    under the live clock, by which a minute is complete before any event has told so.
    """

    good: dict[Key, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    bad: dict[Key, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    latencies: dict[tuple[Key, int], list[float]] = field(default_factory=lambda: defaultdict(list))
    late: dict[Key, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    overdue: dict[Key, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    watermarks_ms: dict[tuple[str, int], int] = field(default_factory=dict)


def recount(
    log: Iterable[Record],
    *,
    application: str,
    partitions: int,
    lateness_ms: int = 0,
    topics: Topics = Topics(),  # noqa: B008 - frozen
) -> Recount:
    """Count a log whose records of each partition are in order."""
    found = Recount()
    newest_ms: dict[tuple[str, int], int] = {}
    for record in log:
        if not _counts_here(record, application):
            continue
        metric = topics.inputs[record.topic]
        body = read_body(record, FIELDS[metric.id])
        if isinstance(body, Rejection):
            continue
        time_ms = epoch_ms(body["time"])
        assert time_ms is not None
        place = (record.topic, record.partition)
        stamp_ms = record.timestamp_ms
        held_against = newest_ms.get(place) if stamp_ms is None else stamp_ms
        if held_against is not None and time_ms > held_against + MINUTE_MS:
            continue
        if stamp_ms is not None:
            if stamp_ms - time_ms > COUNTED_DAYS * 24 * 60 * MINUTE_MS:
                continue
            if not is_misplaced(record, body["appKey"], partitions, murmur2_partition):
                newest_ms[place] = max(newest_ms.get(place, 0), stamp_ms)
                found.watermarks_ms[place] = max(found.watermarks_ms.get(place, 0), min(stamp_ms, time_ms))
        group = body.pop("group", None)
        event = read(record._replace(value=orjson.dumps(body), headers=()), metric)
        assert not isinstance(event, Rejection)
        if not event.counted:
            continue
        source = "PROD" if group in (None, "PROD") else f"group:{group}"
        if metric is IFRAME:
            side = "APP" if event.from_app else "HOST"
            source = side if source == "PROD" else f"{source}:{side}"
        key = (event.app_key, metric.id, event.scope, source)
        (found.good if event.good else found.bad)[key][time_ms // MINUTE_MS] += 1
        for seen_ms, late in ((found.watermarks_ms.get(place, 0), found.late), (stamp_ms or 0, found.overdue)):
            if time_ms < (seen_ms - lateness_ms) // MINUTE_MS * MINUTE_MS:
                late[key][time_ms // HOUR_MS] += 1
        duration = _duration(body, is_app=event.from_app, is_iframe=metric is IFRAME)
        if duration is not None:
            found.latencies[key, time_ms // (5 * MINUTE_MS)].append(duration)
    return found


def _counts_here(record: Record, application: str) -> bool:
    if is_rerouted(record) or is_foreign(record, application):
        return False
    mark = record.header(REDRIVEN)
    return mark is None or mark.split(b"/")[1] not in (b"too_late", b"too_many_series")


def _duration(body: dict[str, Any], *, is_app: bool, is_iframe: bool) -> float | None:
    if not is_iframe:
        return body.get("durationInMillis")
    if not is_app:
        return body.get("bridgeInMillis")
    return body.get("durationInMillis") if body["status"] == "SUCCESS" else None


def table(counts: dict[Key, Counter[int]]) -> dict[tuple[Key, int], int]:
    """Series and minute or hour -> events, without noughts."""
    return {(key, minute): count for key, minutes in counts.items() for minute, count in minutes.items() if count}
