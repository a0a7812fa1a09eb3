"""`slo.exclusions.v1`: times that do not count against apps.

Key: `id`. Producers: planned downtime comes from partners in advance, platform faults from the incident process,
also afterwards. Consumers: the evaluator. Compacted: the newest version of an exclusion is kept. A null value (a
tombstone) withdraws it; an empty one is rejected as `not_json`. A record under another key than its `id` is rejected as
`schema`, as it would replace, or be replaced by, what it does not speak of.
"""

from typing import Literal, Self

from pydantic import model_validator

from schemas.fields import BaseUrl, EventTime, Text
from schemas.record import Record


class Exclusion(Record):
    """The time [start, end) does not count, for one app or all, one metric or all, and one scope or all."""

    id: Text
    """The exclusion's own id; sending it again replaces it."""
    app_key: Text | None = None
    """The app it holds for; null means all."""
    metric_id: Text | None = None
    """The metric it holds for; null means all."""
    scope: BaseUrl | None = None
    """The base URL or product it holds for; null means all."""
    reason: Literal["PLANNED_DOWNTIME", "PLATFORM_FAULT"]
    """Planned downtime counts only if announced before its start; a platform fault also afterwards."""
    start: EventTime
    end: EventTime | None = None
    """The first instant that counts again; null means still going on."""
    announced_at: EventTime | None = None
    """When a planned one was told, as its ticket has it; null means when this start was put on record. Never later
    than the record's own timestamp: such a record is rejected as `schema`."""

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.end is not None and self.end < self.start:
            raise ValueError("the end is before the start")
        return self
