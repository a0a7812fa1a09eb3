"""The endpoints that read."""

import time
from typing import Annotated, Literal

from fastapi import FastAPI, Query, Request, Response
from pydantic import BaseModel

from schemas.event_time import utc_text, utc_text_if_any
from streams.budgets.state import BudgetState
from streams.dashboard.api import models
from streams.dashboard.api.answers import Table, json_answer
from streams.dashboard.api.parameters import AppKey, Cursor, Limit, MetricId, MonthName, Partner, StepS, Text, TimeMs
from streams.dashboard.api.routes import add_document, add_table
from streams.dashboard.dashboard import Seen, dashboard_of
from streams.dashboard.database import View
from streams.dashboard.queries import alerts as of_alerts
from streams.dashboard.queries import budgets as of_budgets
from streams.dashboard.queries import burn as of_burn
from streams.dashboard.queries import counts as of_counts
from streams.dashboard.queries import deliveries as of_deliveries
from streams.dashboard.queries import exclusions as of_exclusions
from streams.dashboard.queries import incidents as of_incidents
from streams.dashboard.queries import reports as of_reports
from streams.dashboard.queries import standing as of_standing
from streams.dashboard.queries.apps import as_of_ms
from streams.dashboard.queries.page import USUAL, Page
from streams.history.codec import MINUTE_MS
from streams.history.documents import counts_document
from streams.history.steps import PERCENTS, STEPS_S
from streams.incidents.measures import By
from streams.registry.exclusions import Phase
from streams.reports.month import Month
from streams.rules import read_rules
from streams.standing.facts import Stage
from streams.web.problem import Problem

_BUDGET_COLUMNS = (
    "appKey", "metricId", "scope", "slo", "target", "periodDays", "goodCount", "badCount", "coveredMinutes", "state",
    "consumed", "remainingEvents", "burn.1h", "burn.6h", "burn.1d", "burn.3d", "exhaustedAt", "breached",
)  # fmt: skip
_COUNT_COLUMNS = ("from", "good", "bad", "excluded", *(f"p{percent}" for percent in PERCENTS))
_BURN_COLUMNS = ("from", "objective", "threshold", "long", "short")
_ALERT_COLUMNS = (
    "incidentId", "type", "incidentStatus", "severity", "appKey", "metricId", "metricName",
    "scope", "objective", "sliValue", "sloValue", "goodCount", "badCount", "windowStart", "windowEnd", "breachedAt",
    "time", "reason",
)  # fmt: skip
_INCIDENT_COLUMNS = (
    "id", "title", "state", "severity", "level", "kind", "capability", "raisedBy", "appCount", "users", "reports",
    "trial", "visibility", "start", "detectedAt", "endedAt", "time",
)  # fmt: skip


def _columns_of(model: type[BaseModel]) -> tuple[str, ...]:
    """Its fields as they are written, in their order."""
    return (*model.model_json_schema(by_alias=True)["properties"],)


_REPORT_COLUMNS = (*(name for name in _columns_of(models.ReportItem) if name != "incidents"),)
_MEASURE_COLUMNS = ("month", "appKey", "partner", *_columns_of(models.IncidentMeans))
_STANDING_COLUMNS = _columns_of(models.StandingRow)
_EXCLUSION_COLUMNS = _columns_of(models.Exclusion)
_DELIVERY_COLUMNS = _columns_of(models.Delivery)


def add_reading(app: FastAPI) -> None:
    """All of them."""
    add_table(app, "/budgets", models.BudgetPage, budgets, [Problem.NOT_FOUND])
    add_table(app, "/counts", models.Counts, counts, [Problem.NOT_FOUND])
    add_table(app, "/burn", models.BurnRates, burn, [Problem.NOT_FOUND])
    add_table(app, "/alerts", models.AlertPage, alerts, [Problem.NOT_FOUND])
    add_document(app, "/alerts/{incident_id}", models.AlertDetails, alert, [Problem.NOT_FOUND])
    add_table(app, "/deliveries", models.DeliveryPage, deliveries, [Problem.NOT_FOUND])
    add_table(app, "/incidents", models.IncidentPage, incidents, [Problem.NOT_FOUND])
    add_table(app, "/incident-measures", models.IncidentMeasures, incident_measures, [Problem.NOT_FOUND])
    add_document(app, "/incidents/{incident_id}", models.IncidentDetails, incident, [Problem.NOT_FOUND])
    add_table(app, "/exclusions", models.ExclusionPage, exclusions, [Problem.NOT_FOUND])
    add_table(app, "/standing", models.StandingPage, standings)
    add_document(app, "/standing/{app_key}", models.Standing, standing, [Problem.NOT_FOUND])
    add_table(app, "/reports", models.Report, reports, [Problem.NOT_FOUND])


def budgets(
    request: Request,
    view: Seen,
    app: AppKey | None = None,
    metric: MetricId | None = None,
    partner: Partner | None = None,
    state: BudgetState | None = None,
    sort: of_budgets.Sort = of_budgets.Sort.CONSUMED,
    cursor: Cursor | None = None,
    limit: Limit = USUAL,
) -> Table:
    """Error budgets.

    Of one app as they are this minute; of the whole fleet as history keeps them, the worst first.
    """
    dashboard = dashboard_of(request)
    question = of_budgets.BudgetQuestion(app, metric, partner, state, sort, cursor, limit)
    found = of_budgets.budgets(view, dashboard.settings, dashboard.objectives.service_levels, question)
    return Table(found.document(), found.items, _BUDGET_COLUMNS)


def counts(
    request: Request,
    view: Seen,
    app: AppKey,
    metric: MetricId,
    scope: Annotated[Text | None, Query(description="Needed where there are several.")] = None,
    from_: Annotated[TimeMs | None, Query(alias="from")] = None,
    to: TimeMs | None = None,
    step: StepS = STEPS_S[0],
    source: Annotated[Text | None, Query(description="What it tells alone: HOST, APP, group:NAME.")] = None,
) -> Table:
    """Counts of one series, step by step.

    Without `from` the last sixty steps; at most 36 days.
    """
    question = of_counts.CountsQuestion(app, metric, scope, from_, to, step, source)
    found = of_counts.counts(view, dashboard_of(request).settings, question)
    document = counts_document(found)
    columns = [document[name] for name in _COUNT_COLUMNS[1:]]
    starts = (utc_text((found.steps.start + n * found.steps.step) * MINUTE_MS) for n in range(len(found.steps.good)))
    rows = (dict(zip(_COUNT_COLUMNS, row, strict=True)) for row in zip(starts, *columns, strict=True))
    return Table(document, rows, _COUNT_COLUMNS)


def burn(
    request: Request,
    view: Seen,
    app: AppKey,
    metric: MetricId,
    scope: Annotated[Text | None, Query(description="Needed where there are several.")] = None,
    from_: Annotated[TimeMs | None, Query(alias="from")] = None,
    to: TimeMs | None = None,
    step: StepS = STEPS_S[0],
) -> Table:
    """How fast the rules of one series see its budget go.

    Of each step the rates at the boundary at which a rule was nearest to firing. Without `from` the last sixty steps;
    at most 36 days.
    """
    dashboard = dashboard_of(request)
    question = of_counts.CountsQuestion(app, metric, scope, from_, to, step)
    found = of_burn.burn(view, dashboard.settings, dashboard.objectives, question)
    return Table(of_burn.burn_document(found), of_burn.burn_rows(found), _BURN_COLUMNS)


def alerts(
    request: Request,
    view: Seen,
    app: AppKey | None = None,
    metric: MetricId | None = None,
    scope: Text | None = None,
    partner: Partner | None = None,
    objective: Text | None = None,
    severity: Text | None = None,
    type_: Annotated[Literal["BREACH", "RECOVERY"] | None, Query(alias="type")] = None,
    open_: Annotated[
        bool | None, Query(alias="open", description="Breaches that have not recovered (true), or that have (false).")
    ] = None,
    from_: Annotated[TimeMs | None, Query(alias="from")] = None,
    to: TimeMs | None = None,
    cursor: Cursor | None = None,
    limit: Limit = USUAL,
) -> Table:
    """Breaches and recoveries as they were published, newest first."""
    question = of_alerts.AlertQuestion(
        app, metric, scope, partner, objective, severity, type_, open_, from_, to, cursor=cursor, limit=limit
    )
    return _page(request, view, of_alerts.alerts(view, question), _ALERT_COLUMNS)


def alert(request: Request, view: Seen, incident_id: Text) -> Response:
    """One incident: breach, recovery, counts as judged and as known today, and who was told."""
    found = of_alerts.alert(view, incident_id, dashboard_of(request).objectives.judged)
    return json_answer({"asOf": _as_of(request, view), **found})


def deliveries(
    request: Request,
    view: Seen,
    app: AppKey | None = None,
    channel: Text | None = None,
    state: Literal["DUE", "SENT", "DEAD", "SUPPRESSED"] | None = None,
    cursor: Cursor | None = None,
    limit: Limit = USUAL,
) -> Table:
    """Who was told of what, newest first."""
    question = of_deliveries.DeliveryQuestion(app, channel, state, cursor=cursor, limit=limit)
    return _page(request, view, of_deliveries.deliveries(view, question), _DELIVERY_COLUMNS)


def incidents(
    request: Request,
    view: Seen,
    app: AppKey | None = None,
    state: Literal["TRIAGE", "INVESTIGATING", "IDENTIFIED", "MONITORING", "RESOLVED", "PIR", "CLOSED"] | None = None,
    severity: Literal["SEV1", "SEV2", "SEV3"] | None = None,
    open_: Annotated[bool | None, Query(alias="open", description="Those that have not ended (true), or have.")] = None,
    cursor: Cursor | None = None,
    limit: Limit = USUAL,
) -> Table:
    """Incidents, newest first.

    The platform sees whole records, a partner what of them is public.
    """
    question = of_incidents.IncidentQuestion(app, state, severity, open_, cursor=cursor, limit=limit)
    return _page(request, view, of_incidents.incidents(view, question), _INCIDENT_COLUMNS)


def incident(request: Request, view: Seen, incident_id: Text) -> Response:
    """One incident, with its timeline."""
    return json_answer({"asOf": _as_of(request, view), **of_incidents.incident(view, incident_id)})


def incident_measures(
    request: Request,
    view: Seen,
    by: Annotated[By, Query(description="What there is a row for, in each month.")] = By.MONTH,
    app: AppKey | None = None,
    partner: Partner | None = None,
    from_: Annotated[MonthName | None, Query(alias="from", description="A month; unless given, eleven before.")] = None,
    to: Annotated[MonthName | None, Query(description="The last month; unless given, the one that runs.")] = None,
    cursor: Cursor | None = None,
    limit: Limit = USUAL,
) -> Table:
    """How quickly incidents were found, told of and over.

    Mean times from the first impact until an incident was found (MTTD), until its first status update and until it was
    over (MTTR): for each month (UTC) in which incidents began, for each app or partner if asked. A partner sees those
    of its own apps.
    """
    question = of_incidents.MeasureQuestion(by, app, partner, from_, to, cursor, limit)
    page = of_incidents.measures(view, question)
    return Table({"items": page.items, "next": page.next}, page.items, _MEASURE_COLUMNS)


def exclusions(
    request: Request,
    view: Seen,
    app: AppKey | None = None,
    phase: Annotated[Phase | None, Query(description="Where it stands in time.")] = None,
    cursor: Cursor | None = None,
    limit: Limit = USUAL,
) -> Table:
    """Time that does not count, what starts last first.

    Of an app those that are for it, and those for all apps.
    """
    question = of_exclusions.ExclusionQuestion(app=app, phase=phase, cursor=cursor, limit=limit)
    now_ms = time.time_ns() // 1_000_000
    return _page(request, view, of_exclusions.exclusions(view, question, now_ms).page(now_ms), _EXCLUSION_COLUMNS)


def standings(
    request: Request,
    view: Seen,
    stage: Annotated[Stage | None, Query(description="Unless given, all but CLEAR.")] = None,
    cursor: Cursor | None = None,
    limit: Limit = USUAL,
) -> Table:
    """Where apps stand on the ladder, the highest first."""
    question = of_standing.StandingQuestion(stage=stage, cursor=cursor, limit=limit)
    period_ms = read_rules(dashboard_of(request).settings.rules).standing.period_ms
    return _page(request, view, of_standing.standings(view, period_ms, question), _STANDING_COLUMNS)


def standing(request: Request, view: Seen, app_key: Text) -> Response:
    """Where an app stands on the ladder."""
    return json_answer({"asOf": _as_of(request, view), **of_standing.standing(view, app_key)})


def reports(request: Request, view: Seen, partner: Partner, month: MonthName) -> Table:
    """A month of a partner.

    For each SLI of its apps what was reached, what of the month's budget was used, and how its breaches went: the
    median times from the first bad event to the breach, from the breach to the first message, and to its end. And how
    the incidents went that its apps were hit by.
    """
    dashboard = dashboard_of(request)
    levels, its_month = dashboard.objectives.service_levels, Month.named(month)
    found = of_reports.report(view, dashboard.settings, levels, partner, its_month)
    return Table(found, found["items"], _REPORT_COLUMNS)


def _page(request: Request, view: View, page: Page, columns: tuple[str, ...]) -> Table:
    document = {"asOf": _as_of(request, view), "items": page.items, "next": page.next}
    return Table(document, page.items, columns)


def _as_of(request: Request, view: View) -> str | None:
    found_ms = as_of_ms(view, dashboard_of(request).settings)
    return utc_text_if_any(found_ms)
