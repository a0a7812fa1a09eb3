"""Which times do not count, as far as it is known at a boundary: asked anew of all versions each time."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from tests.model.fields import Check, epoch_ms, one_of, or_null, text, time
from tests.model.reading import Rejection, read_body
from tests.model.record import Record

PLANNED = "PLANNED_DOWNTIME"

FIELDS: dict[str, Check] = {
    "id": text(),
    "appKey": or_null(text()),
    "metricId": or_null(text()),
    "scope": or_null(text(2_048)),
    "reason": one_of(PLANNED, "PLATFORM_FAULT"),
    "start": time,
    "end": or_null(time),
    "announcedAt": or_null(time),
}


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What a version says: [start, end) does not count. None: every app, metric, scope, without end, not announced."""

    app_key: str | None
    metric_id: str | None
    scope: str | None
    reason: str
    start_ms: int
    end_ms: int | None
    announced_ms: int | None

    def is_for(self, app_key: str, metric_id: str, scope: str) -> bool:
        """Whether it holds for the series of an app, a metric and a scope."""
        wanted = ((self.app_key, app_key), (self.metric_id, metric_id), (self.scope, scope))
        return all(said in (None, its_own) for said, its_own in wanted)

    def excludes(self, time_ms: int, pane_ms: int) -> bool:
        """Whether it intersects the pane of a time."""
        pane_start_ms = time_ms // pane_ms * pane_ms
        end_ms = float("inf") if self.end_ms is None else self.end_ms
        return max(self.start_ms, pane_start_ms) < min(end_ms, pane_start_ms + pane_ms)


class Version(NamedTuple):
    """One record of an exclusion's id; `exclusion` None withdraws it."""

    exclusion: Exclusion | None
    timestamp_ms: int | None  # of Kafka; None where it has none: known since ever


class Exclusions:
    """All that a log says about exclusions, whenever it says it."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._versions: defaultdict[bytes | None, list[Version]] = defaultdict(list)
        for record in records:
            version = read_version(record)
            if isinstance(version, Version):
                self._versions[record.key].append(version)

    def known_at(self, moment_ms: int) -> list[Exclusion]:
        """The exclusions that count by what was known at a moment, a boundary plus the allowed lateness."""
        in_force = [
            exclusion_in_force([one for one in versions if one.timestamp_ms is None or one.timestamp_ms <= moment_ms])
            for versions in self._versions.values()
        ]
        return [exclusion for exclusion in in_force if exclusion is not None]


def exclusion_in_force(known: list[Version]) -> Exclusion | None:
    """What the known versions of one id, in log order, amount to."""
    last = known[-1].exclusion if known else None
    if last is None or last.reason != PLANNED:
        return last
    if last.announced_ms is not None:
        return last if last.announced_ms < last.start_ms else None
    for exclusion, timestamp_ms in reversed(known):
        if exclusion is None or exclusion.start_ms != last.start_ms:
            break
        set_start_at_ms = timestamp_ms
    return last if set_start_at_ms is None or set_start_at_ms < last.start_ms else None


def read_version(record: Record) -> Version | Rejection:
    """What a record of the exclusions topic says, or why it says nothing."""
    if record.value is None:
        return Version(None, record.timestamp_ms)
    body = read_body(record, FIELDS)
    if isinstance(body, Rejection):
        return body
    start_ms, end_ms = epoch_ms(body["start"]), epoch_ms(body.get("end"))
    assert start_ms is not None, "a field is checked"
    if record.key != body["id"].encode() or (end_ms is not None and end_ms < start_ms):
        return Rejection.SCHEMA
    announced_ms = epoch_ms(body.get("announcedAt"))
    if announced_ms is not None and record.timestamp_ms is not None and announced_ms > record.timestamp_ms:
        return Rejection.SCHEMA
    scope = body.get("scope")
    exclusion = Exclusion(
        body.get("appKey"), body.get("metricId"), scope, body["reason"], start_ms, end_ms, announced_ms
    )
    return Version(exclusion, record.timestamp_ms)
