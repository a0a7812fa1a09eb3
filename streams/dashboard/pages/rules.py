"""Try a rule: what another one would have fired over the last weeks, beside those in use, with YAML to paste."""

import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from streams.dashboard.dashboard import Seen, Who, dashboard_of
from streams.dashboard.jobs import Job, State, jobs_of
from streams.dashboard.login.forms import Question
from streams.dashboard.pages.choices import METRIC_CHOICES
from streams.dashboard.pages.render import render
from streams.dashboard.queries.apps import the_app
from streams.dashboard.queries.backtest import (
    MOST_DAYS,
    Outcome,
    Rules,
    UnfitRulesError,
    apps_to_judge,
)
from streams.names import METRICS, WEBHOOK
from streams.objectives import InvalidObjectivesError
from streams.objectives.load import objectives_of
from streams.web.problem import ProblemError

_SAMPLE: Final = 100
_DEFAULTS: Final = {
    "metric": WEBHOOK.id,
    "target": "99",
    "window": "15m",
    "alert_after": "5m",
    "recover_after": "5m",
    "minimum_events": "20",
    "days": "28",
    "app": "",
    "objectives": "",
}
_YAML: Final = """\
apiVersion: openslo/v1
kind: SLO
metadata: {{name: tried}}
spec:
  indicatorRef: {metric}
  timeWindow: [{{duration: 28d, isRolling: true}}]
  budgetingMethod: Occurrences
  objectives: [{{targetPercent: {target}}}]
  alertPolicies: [tried-{window}]
---
apiVersion: openslo/v1
kind: AlertPolicy
metadata:
  name: tried-{window}
  annotations: {{slo-streams/minimum-events: "{minimum_events}", slo-streams/recover-after: {recover_after}}}
spec:
  alertWhenBreaching: true
  alertWhenResolved: true
  conditions:
    - kind: AlertCondition
      metadata: {{name: below-objective}}
      spec:
        severity: page
        condition: {{kind: burnrate, op: gt, threshold: 1, lookbackWindow: {window}, alertAfter: {alert_after}}}
"""


class RuleError(Exception):
    """The rule cannot be tried; the message says why."""


def add_rules(app: FastAPI) -> None:
    """The form, and what comes of it."""

    @app.get("/rules/try", include_in_schema=False)
    def form(request: Request, view: Seen, app: str = "", metric: str = "") -> Response:
        asked = _DEFAULTS | {"app": app} | ({"metric": metric} if metric in METRICS else {})
        return _page(request, view, asked)

    @app.post("/rules/try", include_in_schema=False)
    def tried(request: Request, view: Seen, form: Question) -> Response:
        asked = {name: form.get(name, default).strip() for name, default in _DEFAULTS.items()}
        use, _, over = form.get("use", "").partition("-")
        if use == "fields" or not asked["objectives"]:
            asked["objectives"] = yaml_of(asked)
        try:
            rules, days = _rules(request, asked)
            if over == "fleet":
                return _see(_begun(request, view, rules, asked["objectives"], days))
            outcome, apps, took_s = _tried(request, view, rules, asked["app"], days)
        except RuleError as problem:
            return _page(request, view, asked, problem=str(problem))
        return _page(request, view, asked, result=outcome.document(apps), took_s=took_s)

    @app.get("/rules/try/{job_id}", include_in_schema=False)
    def job(request: Request, viewer: Who, job_id: str) -> Response:
        found = jobs_of(request).find(viewer, job_id)
        return render(
            request,
            viewer,
            "rules_job.html",
            page="rules",
            job=found,
            result=found.outcome.document(found.apps),
            csv_url=f"/api/v1/backtest/{job_id}",
        )

    @app.post("/rules/try/{job_id}/cancel", include_in_schema=False)
    def cancel(request: Request, viewer: Who, job_id: str, _form: Question) -> Response:
        found = jobs_of(request).find(viewer, job_id)
        found.end(State.CANCELLED)
        return _see(found)


def yaml_of(asked: Mapping[str, str]) -> str:
    """An objectives file with the one rule that these fields describe; its reader says what is wrong with it."""
    return _YAML.format(**{name: value.replace("\n", " ") for name, value in asked.items()})


def _rules(request: Request, asked: Mapping[str, str]) -> tuple[Rules, int]:
    try:
        rules = Rules.of(dashboard_of(request).objectives, objectives_of([("your rule", asked["objectives"].encode())]))
    except (InvalidObjectivesError, UnfitRulesError, UnicodeEncodeError) as problem:
        raise RuleError(f"The rule cannot be used. {problem}") from None
    days = asked["days"]
    if not days.isdecimal() or len(days) > len(str(MOST_DAYS)) or not 1 <= int(days) <= MOST_DAYS:
        raise RuleError(f"Days: a number from 1 to {MOST_DAYS}.")
    return rules, int(days)


def _tried(request: Request, view: Seen, rules: Rules, app: str, days: int) -> tuple[Outcome, int, float]:
    try:
        apps = [the_app(view, app).key] if app else apps_to_judge(view, _SAMPLE)
    except ProblemError:
        raise RuleError("There is no such app that you may see.") from None
    began_s = time.monotonic()
    try:
        outcome = jobs_of(request).sample(view, rules, apps, days)
    except ProblemError:
        raise RuleError("Somebody else tries a rule right now: try again in some seconds.") from None
    return outcome, len(apps), time.monotonic() - began_s


def _begun(request: Request, view: Seen, rules: Rules, objectives: str, days: int) -> Job:
    try:
        return jobs_of(request).begin(view.viewer, rules, objectives, days)
    except ProblemError:
        raise RuleError("Somebody else tries a rule on all apps right now: try again in a minute.") from None


def _see(job: Job) -> Response:
    return RedirectResponse(f"/rules/try/{job.id}", HTTPStatus.SEE_OTHER)


def _page(
    request: Request,
    view: Seen,
    asked: Mapping[str, str],
    *,
    problem: str | None = None,
    result: dict[str, Any] | None = None,
    took_s: float = 0.0,
) -> Response:
    response = render(
        request,
        view.viewer,
        "rules.html",
        page="rules",
        asked=asked,
        metrics=METRIC_CHOICES,
        most_days=MOST_DAYS,
        problem=problem,
        result=result,
        took_s=took_s,
        jobs=jobs_of(request).of(view.viewer),
    )
    response.status_code = 200 if problem is None else 422
    return response
