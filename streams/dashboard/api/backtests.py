"""`POST /api/v1/backtest`: try objectives on what is counted."""

from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from streams.dashboard.api.answers import Table, json_answer
from streams.dashboard.api.bodies import BODY_PROBLEMS, body_of, takes
from streams.dashboard.api.models import (
    BacktestDifference,
    BacktestFirings,
    BacktestResult,
    RulesFiring,
    SeriesDifference,
)
from streams.dashboard.api.parameters import Text
from streams.dashboard.api.routes import PREFIX, add_table, problem_responses
from streams.dashboard.dashboard import Seen, Who, dashboard_of
from streams.dashboard.database import View
from streams.dashboard.jobs import State, jobs_of
from streams.dashboard.login.forms import check_origin
from streams.dashboard.queries.apps import the_app
from streams.dashboard.queries.backtest import (
    MOST_DAYS,
    Rules,
    UnfitRulesError,
    apps_to_judge,
)
from streams.objectives import InvalidObjectivesError
from streams.objectives.bind import Objectives
from streams.objectives.load import objectives_of
from streams.web.problem import Problem, ProblemError

_MOST_APPS: Final = 100
_SAMPLE: Final = 200
_PROBLEMS: Final = (*BODY_PROBLEMS, Problem.NOT_FOUND, Problem.BUSY)


class BacktestRequest(BaseModel):
    """What is to be tried."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    objectives: str = Field(max_length=1_000_000)
    """The text of an OpenSLO file: SLOs, alert policies and conditions."""
    days: int = Field(28, ge=1, le=MOST_DAYS, strict=True)
    """How far back."""
    apps: list[Text] | None = Field(None, min_length=1, max_length=_MOST_APPS)
    """Keys of apps; null: a sample at once, and all that you see in the background, by the answer's `job`."""


async def backtest_request(request: Request, _viewer: Who) -> BacktestRequest:
    """The body of a call."""
    return await body_of(request, BacktestRequest)


def add_backtests(app: FastAPI) -> None:
    """Trying, and looking how far it is."""

    @app.post(
        f"{PREFIX}/backtest",
        response_model=BacktestResult,
        operation_id="backtest",
        summary="Try objectives on what is counted",
        description=(
            "What these objectives would have fired, beside what those in use would have. Counts and exclusions are "
            "those known today. Every series begins at rest. Rules of metrics that the text does not name are left out."
        ),
        responses=problem_responses(_PROBLEMS),
        openapi_extra=takes(BacktestRequest),
    )
    def backtest(
        request: Request, view: Seen, asked: Annotated[BacktestRequest, Depends(backtest_request)]
    ) -> Response:
        rules = _rules(dashboard_of(request).objectives, asked.objectives)
        apps = _apps(view, asked.apps)
        outcome = jobs_of(request).sample(view, rules, apps, asked.days)
        document: dict[str, Any] = {"job": None, **outcome.document(len(apps))}
        if asked.apps is None:
            document["job"] = jobs_of(request).begin(view.viewer, rules, asked.objectives, asked.days).id
        return json_answer(document)

    @app.get(
        f"{PREFIX}/backtest/{{job_id}}",
        response_model=BacktestResult,
        operation_id="backtest_job",
        summary="A back-test in the background",
        description="How far it is, and what came of it so far. Only who began it sees it, while the process lives.",
        responses=problem_responses(
            [Problem.BAD_REQUEST, Problem.NOT_LOGGED_IN, Problem.NOT_FOUND, Problem.NO_DATABASE]
        ),
    )
    def backtest_job(request: Request, viewer: Who, job_id: Text) -> Response:
        job = jobs_of(request).find(viewer, job_id)
        return json_answer({"job": job.id, **job.document()})

    @app.delete(
        f"{PREFIX}/backtest/{{job_id}}",
        response_model=BacktestResult,
        operation_id="backtest_cancel",
        summary="End a back-test in the background",
        description="What came of it so far stays. One that is over stays as it is.",
        responses=problem_responses(
            [Problem.BAD_REQUEST, Problem.NOT_LOGGED_IN, Problem.NOT_ALLOWED, Problem.NOT_FOUND, Problem.NO_DATABASE]
        ),
    )
    def backtest_cancel(request: Request, viewer: Who, job_id: Text) -> Response:
        if "authorization" not in request.headers:
            check_origin(request)
        job = jobs_of(request).find(viewer, job_id)
        job.end(State.CANCELLED)
        return json_answer({"job": job.id, **job.document()})

    add_table(app, "/backtest/{job_id}/difference", BacktestDifference, backtest_difference, [Problem.NOT_FOUND])
    add_table(app, "/backtest/{job_id}/firings", BacktestFirings, backtest_firings, [Problem.NOT_FOUND])


def backtest_difference(request: Request, viewer: Who, job_id: Text) -> Table:
    """Series of which the two sets of rules differ.

    All of them, those that differ most first.
    """
    rows = jobs_of(request).find(viewer, job_id).outcome.difference()
    return Table({"items": rows}, rows, (*SeriesDifference.model_json_schema()["properties"],))


def backtest_firings(request: Request, viewer: Who, job_id: Text) -> Table:
    """What both sets of rules would have fired.

    All of it, of the rules in use first.
    """
    rows = jobs_of(request).find(viewer, job_id).outcome.firings()
    return Table({"items": rows}, rows, (*RulesFiring.model_json_schema()["properties"],))


def _rules(now: Objectives, text: str) -> Rules:
    try:
        return Rules.of(now, objectives_of([("objectives", text.encode())]))
    except (InvalidObjectivesError, UnfitRulesError, UnicodeEncodeError) as problem:
        raise ProblemError(Problem.BAD_REQUEST, fault=f"objectives: {problem}"[:4_000]) from None


def _apps(view: View, asked: list[str] | None) -> list[str]:
    return apps_to_judge(view, _SAMPLE) if asked is None else [the_app(view, app_key).key for app_key in asked]
