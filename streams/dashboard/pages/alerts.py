"""Breaches: all of them as a list, and each with why it was, and who was told."""

import time
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote, urlencode

from fastapi import FastAPI, Request, Response

from schemas.event_time import epoch_ms
from streams.budgets.budget import Counts
from streams.dashboard.dashboard import Seen, dashboard_of
from streams.dashboard.database import View
from streams.dashboard.pages.choices import METRIC_CHOICES
from streams.dashboard.pages.deliveries import deliveries_of
from streams.dashboard.pages.render import render
from streams.dashboard.pages.series_marks import read_marks
from streams.dashboard.pages.text import plain
from streams.evaluation.objective import Objective
from streams.history.reading import read_exclusions, read_series
from streams.history.sources import by_scope
from streams.history.window_counts import window_counts
from streams.names import METRICS
from streams.plural import number_of
from streams.web.problem import Problem, ProblemError

_PAGE: Final = 50
_DAY_MS: Final = 86_400_000
_TOGETHER_MS: Final = 15 * 60_000
_MINUTE_MS: Final = 60_000
_AROUND_MS: Final = 3_600_000
_MOST_DAYS: Final = 28

_ALERTS: Final = """
select b.record, b.breached_at_ms, r.record as recovery
from alert b left join alert r on r.incident_id = b.incident_id and r.type = 'RECOVERY'
where b.type = 'BREACH' and (%(is_platform)s or b.partner_id = any(%(partners)s))
  and (%(app)s = '' or b.app_key = %(app)s) and (%(metric)s = '' or b.metric = %(metric)s)
  and (not %(open)s or r.incident_id is null)
  and (%(before)s = '' or (b.time_ms, b.incident_id) < (%(before_ms)s, %(before)s))
order by b.time_ms desc, b.incident_id desc limit %(most)s
"""
_OPEN: Final = """
select count(*) as count from alert b where type = 'BREACH' and (%(is_platform)s or partner_id = any(%(partners)s))
  and (%(app)s = '' or app_key = %(app)s)
  and not exists (select from alert r where r.incident_id = b.incident_id and r.type = 'RECOVERY')
"""
_ONE: Final = """
select type, record from alert
where incident_id = %(incident)s and (%(is_platform)s or partner_id = any(%(partners)s)) order by type
"""
_BEFORE: Final = """
select record from alert
where type = 'BREACH' and app_key = %(app)s and metric = %(metric)s and scope = %(scope)s
  and (%(is_platform)s or partner_id = any(%(partners)s))
  and time_ms >= %(from_ms)s and time_ms < %(to_ms)s
order by time_ms desc limit 100
"""
_TOGETHER: Final = """
select count(distinct app_key) as apps from alert
where type = 'BREACH' and app_key <> %(app)s and time_ms between %(from_ms)s and %(to_ms)s
  and (%(is_platform)s or partner_id = any(%(partners)s))
"""


def alerts_seen(
    view: View, *, app: str = "", metric: str = "", is_open: bool = False, after: str = "", most: int = _PAGE
) -> tuple[list[dict[str, Any]], str | None]:
    """Breaches with what became of them, the newest first, and where the next page begins."""
    before_ms, _, before = after.partition(".")
    values = {"app": app, "metric": metric, "open": is_open, "before": before, "most": most + 1}
    rows = view.rows(_ALERTS, values | {"before_ms": int(before_ms) if before_ms.isdecimal() else 0})
    following = None
    if len(rows) > most:
        last = rows[most - 1]
        following = f"{last['breached_at_ms']}.{last['record']['incidentId']}"
    return [_listed(row["record"], row["recovery"]) for row in rows[:most]], following


def open_alerts(view: View, app: str = "") -> int:
    """How many breaches stand now, of one app or of all."""
    count: int = view.row(_OPEN, {"app": app})["count"]
    return count


def add_alerts(app: FastAPI) -> None:
    """The list, and one page for each."""

    @app.get("/alerts", include_in_schema=False)
    def alerts(
        request: Request,
        view: Seen,
        app: str = "",
        metric: str = "",
        open: bool | str = False,  # noqa: A002
        cursor: str = "",
    ) -> Response:
        is_open = str(open).lower() == "true"
        found, following = alerts_seen(view, app=app, metric=metric, is_open=is_open, after=cursor)
        asked = {name: value for name, value in (("app", app), ("metric", metric)) if value}
        asked |= {"open": "true"} if is_open else {}
        return render(
            request,
            view.viewer,
            "alerts.html",
            page="alerts",
            alerts=found,
            open_count=open_alerts(view),
            metrics=METRIC_CHOICES,
            asked={"app": app, "metric": metric, "open": is_open},
            next_url=None if following is None else f"?{urlencode({**asked, 'cursor': following})}",
            api_query=urlencode(asked),
        )

    @app.get("/alerts/{incident_id}", include_in_schema=False)
    def alert(request: Request, view: Seen, incident_id: str) -> Response:
        records = {row["type"]: row["record"] for row in view.rows(_ONE, {"incident": incident_id.replace("\0", "")})}
        if not records:
            raise ProblemError(Problem.NOT_FOUND)
        recovery = records.get("RECOVERY")
        breach = records.get("BREACH") or records["RECOVERY"]
        breached_ms = epoch_ms(breach["breachedAt"])
        until_ms = epoch_ms(recovery["time"]) if recovery else time.time_ns() // 1_000_000
        series = {"app": breach["appKey"], "metric": breach["metricId"], "scope": breach["scope"]}
        span = {"from_ms": breached_ms - _MOST_DAYS * _DAY_MS, "to_ms": breached_ms}
        rows, differences = _counts(view, dashboard_of(request).objectives.judged, breach, recovery)
        around = {"from_ms": breached_ms - _TOGETHER_MS, "to_ms": breached_ms + _TOGETHER_MS}
        return render(
            request,
            view.viewer,
            "alert.html",
            page="alerts",
            breach=breach,
            recovery=recovery,
            lasted_ms=until_ms - breached_ms,
            target=f"{float(breach['sloValue']) / 100:.6g}" if breach["sloValue"] > 0 else "0",
            counts=rows,
            difference_words=differences,
            chart=_chart(view, breach, until_ms),
            excuse=_excuse(recovery),
            before=[row["record"] for row in view.rows(_BEFORE, {**series, **span})],
            others=view.row(_TOGETHER, {**series, **around}),
            deliveries=deliveries_of(view, incident_id),
        )


def _listed(breach: dict[str, Any], recovery: dict[str, Any] | None) -> dict[str, Any]:
    until_ms = epoch_ms(recovery["time"]) if recovery else time.time_ns() // 1_000_000
    return {
        **breach,
        "recoveredAt": recovery["time"] if recovery else None,
        "reason": recovery["reason"] if recovery else None,
        "lasted_ms": until_ms - epoch_ms(breach["breachedAt"]),
    }


def _counts(
    view: View, objectives: Iterable[Objective], breach: dict[str, Any], recovery: dict[str, Any] | None
) -> tuple[list[dict[str, Any]], str]:
    """The window as it was judged, at the recovery, and as it is known today."""
    judged = Counts(breach["goodCount"], breach["badCount"])
    rows = [_row("As judged then", judged, "")]
    today = window_counts(view.connection, breach, objectives, read_exclusions(view.connection, breach["appKey"]))
    words = "The minutes of this window are no longer kept, or its series is not counted."
    if today is not None:
        counted, everything = today
        words = difference_words(judged, counted, everything)
        rows.append(_row("As known today", counted, "without what is excluded by now"))
        if everything != counted:
            rows.append(_row("With what is excluded", everything, "what came, whatever counts"))
    if recovery:
        then = Counts(recovery["goodCount"], recovery["badCount"])
        rows.append(_row("At the recovery", then, f"the window that ended {recovery['windowEnd'][11:16]} UTC"))
    return rows, words


def difference_words(judged: Counts, counted: Counts, everything: Counts) -> str:
    """Why a window is other than it was judged; `counted` is what of everything in it counts today."""
    late = counted.total - judged.total
    if counted == judged:
        return "As judged then, and as counted since, are the same."
    if counted != everything:
        return "Some of it is excluded by now; what came after it was judged cannot be told apart from that."
    if late > 0:
        said = number_of(late, "event")
        return f"{said} came after it was judged, or {'was' if late == 1 else 'were'} excluded then."
    return "Exclusions changed since it was judged."


def _row(words: str, counts: Counts, note: str) -> dict[str, Any]:
    return {"words": words, "good": counts.good, "bad": counts.bad, "note": note}


def _chart(view: View, breach: dict[str, Any], until_ms: int) -> dict[str, Any] | None:
    if breach["metricId"] not in METRICS:
        return None
    window_ms = breach["measurementDurationSeconds"] * 1_000
    from_ms = epoch_ms(breach["windowStart"]) - max(window_ms, _AROUND_MS)
    now_ms = time.time_ns() // 1_000_000 // _MINUTE_MS * _MINUTE_MS
    to_ms = min(until_ms + _AROUND_MS, from_ms + _MOST_DAYS * _DAY_MS, now_ms)
    series = {"app": breach["appKey"], "metric": breach["metricId"], "scope": breach["scope"]}
    exclusions = read_exclusions(view.connection, breach["appKey"])
    told = by_scope(read_series(view.connection, breach["appKey"]), breach["metricId"]).get(breach["scope"], [])
    return {
        "counts_url": f"/api/v1/counts?{urlencode(series, quote_via=quote)}",
        "from_ms": from_ms,
        "to_ms": max(to_ms, from_ms + 60_000),
        "marks": read_marks(view, breach["appKey"], told, exclusions, from_ms, to_ms).of(
            breach["metricId"], breach["scope"], told
        ),
        "summary": (
            f"{breach['metricName']} from one window before the breach on, minute by minute; the dashed line is the "
            f"objective, {plain(breach['sloValue'])} %. The hatched time is the breach; where the foot is striped, "
            "events came late."
        ),
    }


def _excuse(recovery: dict[str, Any] | None) -> str | None:
    return "an exclusion covers it" if recovery is not None and recovery["reason"] == "EXCLUDED" else None
