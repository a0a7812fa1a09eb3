"""Try a rule: what another one would have fired over the last weeks, beside those in use, with YAML to paste."""

import time
from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI, Request, Response

from streams.dashboard.dashboard import Seen, dashboard_of
from streams.dashboard.login.forms import Question
from streams.dashboard.pages.choices import METRIC_CHOICES
from streams.dashboard.pages.render import render
from streams.dashboard.queries.apps import the_app
from streams.dashboard.queries.backtest import (
    MOST_DAYS,
    NotByTheMinuteError,
    Outcome,
    Rules,
    apps_to_judge,
    judge_apps,
)
from streams.names import METRICS, WEBHOOK
from streams.objectives import InvalidObjectivesError
from streams.objectives.load import objectives_of
from streams.web.problem import ProblemError

_SAMPLE: Final = 100
_BUDGET_S: Final = 5.0
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
        if form.get("use") == "fields" or not asked["objectives"]:
            asked["objectives"] = yaml_of(asked)
        try:
            outcome, apps, took_s = _tried(request, view, asked)
        except RuleError as problem:
            return _page(request, view, asked, problem=str(problem))
        return _page(request, view, asked, result=outcome.document(apps), took_s=took_s)


def yaml_of(asked: Mapping[str, str]) -> str:
    """An objectives file with the one rule that these fields describe; its reader says what is wrong with it."""
    return _YAML.format(**{name: value.replace("\n", " ") for name, value in asked.items()})


def _tried(request: Request, view: Seen, asked: Mapping[str, str]) -> tuple[Outcome, int, float]:
    dashboard = dashboard_of(request)
    try:
        rules = Rules.of(dashboard.objectives, objectives_of([("your rule", asked["objectives"].encode())]))
    except (InvalidObjectivesError, NotByTheMinuteError, UnicodeEncodeError) as problem:
        raise RuleError(f"The rule cannot be used. {problem}") from None
    if not asked["days"].isdecimal() or not 1 <= int(asked["days"]) <= MOST_DAYS:
        raise RuleError(f"Days: a number from 1 to {MOST_DAYS}.")
    try:
        apps = [the_app(view, asked["app"]).key] if asked["app"] else apps_to_judge(view, _SAMPLE)
    except ProblemError:
        raise RuleError("There is no such app that you may see.") from None
    outcome = Outcome(int(asked["days"]))
    began_s = time.monotonic()
    judge_apps(view, dashboard.settings, rules, apps, outcome, began_s + _BUDGET_S)
    return outcome, len(apps), time.monotonic() - began_s


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
    )
    response.status_code = 200 if problem is None else 422
    return response
