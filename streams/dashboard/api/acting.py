"""What persons put on record by the API, as on the pages and on the command line: appeals and decisions."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final

import psycopg
from fastapi import Depends, FastAPI, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from schemas.event_time import epoch_ms
from streams.dashboard.api.answers import json_answer
from streams.dashboard.api.bodies import BODY_PROBLEMS, body_of, takes
from streams.dashboard.api.models import AppealMade, DecisionMade
from streams.dashboard.api.parameters import Text
from streams.dashboard.api.routes import PREFIX, problem_responses
from streams.dashboard.dashboard import Seen, Who, dashboard_of
from streams.dashboard.login.forms import check_may_act
from streams.dashboard.queries.apps import the_app
from streams.impact import decisions
from streams.impact.decisions import DecisionRefusedError, Person, Verdict, Word
from streams.rules import read_rules
from streams.standing.facts import Stage
from streams.web.problem import Problem, ProblemError

_PROBLEMS: Final = (*BODY_PROBLEMS, Problem.NOT_FOUND, Problem.REFUSED)


class _Asked(BaseModel):
    model_config = ConfigDict(
        extra="forbid", alias_generator=to_camel, validate_by_name=False, use_attribute_docstrings=True
    )


class AppealRequest(_Asked):
    """That a breach should not count."""

    incident_id: Text
    why: Text
    """For the person who decides."""


class DecisionRequest(_Asked):
    """What is decided of an app."""

    decision: Word
    why: Text
    """For the record."""
    stage: Stage | None = None
    """Of an override: where the app is to stand."""
    until: Text | None = None
    """Of an override: when it ends, RFC 3339; null: when it is ended."""
    appeal: int | None = Field(None, ge=0, lt=2**63)
    """Of an appeal: its number."""


async def _appeal_request(request: Request, viewer: Who) -> AppealRequest:
    check_may_act(viewer)
    return await body_of(request, AppealRequest)


async def _decision_request(request: Request, viewer: Who) -> DecisionRequest:
    check_may_act(viewer)
    if not viewer.is_platform:
        raise ProblemError(Problem.NOT_ALLOWED, fault="the platform decides; you may appeal")
    return await body_of(request, DecisionRequest)


def add_acting(app: FastAPI) -> None:
    """Appealing, and deciding."""

    @app.post(
        f"{PREFIX}/standing/{{app_key}}/appeals",
        status_code=201,
        response_model=AppealMade,
        operation_id="appeal",
        summary="Appeal against a breach",
        description="Puts on record that a breach of severity `page` should not count, in the name of who asks.",
        responses=problem_responses(_PROBLEMS),
        openapi_extra=takes(AppealRequest),
    )
    def appeal(
        request: Request, view: Seen, app_key: Text, asked: Annotated[AppealRequest, Depends(_appeal_request)]
    ) -> Response:
        key = the_app(view, app_key).key
        with _desk(request) as connection:
            number = decisions.appeal(connection, key, asked.incident_id, Person(view.viewer.name, asked.why))
        return _created({"appeal": number, "appKey": key, "incidentId": asked.incident_id})

    @app.post(
        f"{PREFIX}/standing/{{app_key}}/decisions",
        status_code=201,
        response_model=DecisionMade,
        operation_id="decide",
        summary="Decide of an app's standing",
        description=(
            "Approve or reject a demotion that is due, reinstate, override or end that, accept or reject an appeal. "
            "For the platform. The standing follows within seconds, while a notifier runs."
        ),
        responses=problem_responses(_PROBLEMS),
        openapi_extra=takes(DecisionRequest),
    )
    def decide(
        request: Request, view: Seen, app_key: Text, asked: Annotated[DecisionRequest, Depends(_decision_request)]
    ) -> Response:
        key = the_app(view, app_key).key
        rules = read_rules(dashboard_of(request).settings.rules).standing
        with _desk(request) as connection:
            verdict = Verdict(asked.decision, asked.stage, _until_ms(asked.until), asked.appeal)
            decisions.put_on_record(connection, key, verdict, Person(view.viewer.name, asked.why), rules)
        said = {"decision": asked.decision, "stage": asked.stage, "until": asked.until, "appeal": asked.appeal}
        return _created({"appKey": key, **said})


@contextmanager
def _desk(request: Request) -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:
    """A transaction for what is put on record; what is refused is a problem of the call."""
    with dashboard_of(request).database.desk() as connection:
        try:
            yield connection
        except DecisionRefusedError as problem:
            raise ProblemError(Problem.REFUSED, fault=str(problem)) from problem


def _until_ms(text: str | None) -> int | None:
    try:
        return None if text is None else epoch_ms(text)
    except ValueError as problem:
        raise ProblemError(Problem.BAD_REQUEST, fault=f"until: {problem}") from None


def _created(document: dict[str, object]) -> Response:
    answer = json_answer(document)
    answer.status_code = 201
    return answer
