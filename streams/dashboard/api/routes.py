"""How endpoints are added: a table is there twice, as JSON and, under the same path with `.csv`, as CSV."""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from pydantic import BaseModel

from streams.dashboard.api.answers import CSV
from streams.web.problem import MEDIA_TYPE, Problem, ProblemDetails

PREFIX: Final = "/api/v1"
_ALWAYS: Final = (Problem.BAD_REQUEST, Problem.NOT_LOGGED_IN, Problem.NO_DATABASE)


def add_table(
    app: FastAPI, path: str, model: type[BaseModel], endpoint: Callable[..., Any], problems: Iterable[Problem] = ()
) -> None:
    """An endpoint that answers GET with a table."""
    _add(app, path, model, endpoint, problems, {CSV: {"schema": {"type": "string"}}})
    app.add_api_route(f"{PREFIX}{path}.csv", endpoint, methods=["GET"], include_in_schema=False)


def add_document(
    app: FastAPI, path: str, model: type[BaseModel], endpoint: Callable[..., Any], problems: Iterable[Problem] = ()
) -> None:
    """An endpoint that answers GET with one document."""
    _add(app, path, model, endpoint, problems, {})


def problem_responses(problems: Iterable[Problem]) -> dict[int | str, dict[str, Any]]:
    """What the document says of the ways an endpoint says no."""
    found: dict[int | str, dict[str, Any]] = {}
    for problem in problems:
        response = found.setdefault(
            problem.status, {"description": "", "content": {MEDIA_TYPE: {"schema": _PROBLEM, "examples": {}}}}
        )
        response["description"] = "; ".join(filter(None, (response["description"], f"`{problem.code}`")))
        example = {"summary": problem.sentence, "value": problem.document()}
        response["content"][MEDIA_TYPE]["examples"][problem.code] = example
        if problem.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
            seconds = {"description": "Seconds to wait", "schema": {"type": "integer"}}
            response["headers"] = {"Retry-After": seconds}
    return found


_PROBLEM: Final = {"$ref": f"#/components/schemas/{ProblemDetails.__name__}"}


def _add(
    app: FastAPI,
    path: str,
    model: type[BaseModel],
    endpoint: Callable[..., Any],
    problems: Iterable[Problem],
    content: dict[str, Any],
) -> None:
    summary, _, description = (endpoint.__doc__ or "").partition("\n")
    app.add_api_route(
        f"{PREFIX}{path}",
        endpoint,
        methods=["GET"],
        response_model=model,
        summary=summary.rstrip("."),
        description=" ".join(description.split()) or summary,
        operation_id=endpoint.__name__,
        responses={
            200: {"content": content},
            304: {"description": "As by If-None-Match"},
            **problem_responses([*_ALWAYS, *problems]),
        },
    )
