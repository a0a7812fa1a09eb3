"""What persons put on record by the API, as on the pages and on the command line: appeals, decisions, incidents."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final, Literal

import psycopg
from fastapi import Depends, FastAPI, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from schemas.event_time import epoch_ms
from streams.dashboard.api.answers import json_answer
from streams.dashboard.api.bodies import BODY_PROBLEMS, body_of, takes
from streams.dashboard.api.models import AppealMade, DecisionMade, IncidentRaised
from streams.dashboard.api.parameters import Text
from streams.dashboard.api.routes import PREFIX, problem_responses
from streams.dashboard.dashboard import Seen, Who, dashboard_of
from streams.dashboard.login.forms import check_may_act
from streams.dashboard.queries.apps import the_app
from streams.dashboard.queries.raising import Raised, ticket_by
from streams.impact import decisions
from streams.impact.decisions import DecisionRefusedError, Person, Verdict, Word
from streams.incidents.entry import Fault, RaisedBy, Visibility
from streams.incidents.people import Person as Raiser
from streams.incidents.people import raise_incident
from streams.incidents.permitted import RefusedError
from streams.incidents.published import MOST_APPS
from streams.rules import read_rules
from streams.severity.severity import Kind
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


class IncidentRequest(_Asked):
    """What somebody knows of an incident; what is null is not known."""

    title: Text
    raised_by: Literal["PLATFORM", "SUPPORT", "PARTNER"] = "PLATFORM"
    """Of the platform alone: a partner raises in its own name."""
    apps: list[Text] = Field(default_factory=list, max_length=MOST_APPS)
    """Keys of the apps that are hit."""
    partner: Text = ""
    """Whose first report it is; a partner with one id need not name it."""
    start: Text | None = None
    """When it began to hurt, RFC 3339; null: now."""
    users: int | None = Field(None, ge=0, lt=2**53)
    """How many are hit."""
    capability: Text | None = None
    """What does not work, as `App UI`."""
    kind: Kind | None = None
    suspected_fault: Fault | None = None
    """Of the platform alone."""
    visibility: Visibility = Visibility.PARTNER
    """Of the platform alone: who sees it beside it."""
    zone: Text | None = None
    """Whose business hours the response targets keep, as `Europe/Berlin`."""
    trial: bool = Field(False, strict=True)
    """Only to try it out: no statistics, no status page."""
    why: Text = ""
    """For the record."""


async def _incident_request(request: Request, viewer: Who) -> IncidentRequest:
    check_may_act(viewer)
    return await body_of(request, IncidentRequest)


async def _appeal_request(request: Request, viewer: Who) -> AppealRequest:
    check_may_act(viewer)
    return await body_of(request, AppealRequest)


async def _decision_request(request: Request, viewer: Who) -> DecisionRequest:
    check_may_act(viewer)
    if not viewer.is_platform:
        raise ProblemError(Problem.NOT_ALLOWED, fault="the platform decides; you may appeal")
    return await body_of(request, DecisionRequest)


def add_acting(app: FastAPI) -> None:
    """Appealing, deciding, and raising incidents."""

    @app.post(
        f"{PREFIX}/incidents",
        status_code=201,
        response_model=IncidentRaised,
        operation_id="raise_incident",
        summary="Raise an incident",
        description="Begins an incident that somebody knows of, in the name of who asks. A partner names its own apps.",
        responses=problem_responses(_PROBLEMS),
        openapi_extra=takes(IncidentRequest),
    )
    def raise_one(
        request: Request, view: Seen, asked: Annotated[IncidentRequest, Depends(_incident_request)]
    ) -> Response:
        said = {
            "capability": asked.capability,
            "users": asked.users,
            "kind": asked.kind,
            "suspectedFault": asked.suspected_fault,
            "visibility": asked.visibility,
            "zone": asked.zone,
        }
        raised = Raised(
            RaisedBy(asked.raised_by),
            asked.title,
            [the_app(view, app_key).key for app_key in dict.fromkeys(asked.apps)],
            _time_ms(asked.start, "start"),
            asked.partner,
            asked.trial,
            {name: value for name, value in said.items() if value is not None},
        )
        with _desk(request) as connection:
            incident_id = raise_incident(connection, ticket_by(view, raised), Raiser(view.viewer.name, asked.why))
        return _created({"id": incident_id})

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
            verdict = Verdict(asked.decision, asked.stage, _time_ms(asked.until, "until"), asked.appeal)
            decisions.put_on_record(connection, key, verdict, Person(view.viewer.name, asked.why), rules)
        said = {"decision": asked.decision, "stage": asked.stage, "until": asked.until, "appeal": asked.appeal}
        return _created({"appKey": key, **said})


@contextmanager
def _desk(request: Request) -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:
    """A transaction for what is put on record; what is refused is a problem of the call."""
    with dashboard_of(request).database.desk() as connection:
        try:
            yield connection
        except (DecisionRefusedError, RefusedError) as problem:
            raise ProblemError(Problem.REFUSED, fault=str(problem)) from problem


def _time_ms(text: str | None, name: str) -> int | None:
    try:
        return None if text is None else epoch_ms(text)
    except ValueError as problem:
        raise ProblemError(Problem.BAD_REQUEST, fault=f"{name}: {problem}") from None


def _created(document: dict[str, object]) -> Response:
    answer = json_answer(document)
    answer.status_code = 201
    return answer
