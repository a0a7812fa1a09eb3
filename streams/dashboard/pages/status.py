"""How the product itself is doing: how far each input is counted, and what waits to be told."""

import time
from typing import Any, Final

from fastapi import FastAPI, Request, Response

from streams.dashboard.dashboard import Seen, dashboard_of
from streams.dashboard.pages.deliveries import delivery_counts
from streams.dashboard.pages.render import render
from streams.names import Topics

_LATE_MS: Final = 60_000
_PROGRESS: Final = """
select topic, count(*) as parts, count(watermark_ms) as begun, min(watermark_ms) as from_ms, max(watermark_ms) as to_ms,
  sum(next) as records
from sink_offset where reader = 'history' group by topic order by topic
"""
_SCHEMA: Final = "select max(version) as version from migration"
_SEEN: Final = """
select (select count(*) from app where %(is_platform)s or partner_id = any(%(partners)s)) as apps,
  (select count(*) from series) as series
"""


def add_status(app: FastAPI) -> None:
    """One page."""

    @app.get("/status", include_in_schema=False)
    def status(request: Request, view: Seen) -> Response:
        now_ms = time.time_ns() // 1_000_000
        topics = dashboard_of(request).settings.topics
        return render(
            request,
            view.viewer,
            "status.html",
            page="status",
            inputs=[_input(row, topics, now_ms) for row in view.rows(_PROGRESS)],
            deliveries=delivery_counts(view),
            schema=view.row(_SCHEMA)["version"],
            seen=view.row(_SEEN),
        )


def _input(row: dict[str, Any], topics: Topics, now_ms: int) -> dict[str, Any]:
    metric = topics.inputs.get(row["topic"])
    behind_ms = None if row["from_ms"] is None else max(0, now_ms - row["from_ms"])
    return {
        **row,
        "title": row["topic"] if metric is None else metric.display_name("").strip(),
        "behind_ms": behind_ms,
        "is_late": metric is not None and behind_ms is not None and behind_ms > _LATE_MS,
    }
