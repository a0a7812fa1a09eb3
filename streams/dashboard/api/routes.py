"""How endpoints are added: a table is there as JSON and, under the same path with `.csv` or `.parquet`, as a file."""

from collections.abc import Callable, Iterable
from functools import wraps
from http import HTTPStatus
from inspect import signature
from typing import Any, Final

from fastapi import FastAPI, Response
from pydantic import BaseModel

from streams.dashboard.api.answers import CSV, Table, table_answer
from streams.dashboard.api.parquet import parquet_answer
from streams.dashboard.dashboard import Who
from streams.web.problem import MEDIA_TYPE, Problem, ProblemDetails

PREFIX: Final = "/api/v1"
_ALWAYS: Final = (Problem.BAD_REQUEST, Problem.NOT_LOGGED_IN, Problem.NO_DATABASE)


def add_table(
    app: FastAPI, path: str, model: type[BaseModel], endpoint: Callable[..., Table], problems: Iterable[Problem] = ()
) -> None:
    """An endpoint that answers GET with a table; it takes `request` by name."""

    @wraps(endpoint)
    def answer(**given: Any) -> Response:
        return table_answer(given["request"], endpoint(**given))

    _add(app, path, model, answer, problems, {CSV: {"schema": {"type": "string"}}})
    for ending, one in (("csv", answer), ("parquet", _as_parquet(endpoint))):
        app.add_api_route(
            f"{PREFIX}{path}.{ending}", one, methods=["GET"], include_in_schema=False, response_model=None
        )


def _as_parquet(endpoint: Callable[..., Table]) -> Callable[..., Response]:
    """The endpoint with the same parameters, but who asks for what is seen: that is looked at page by page."""
    asked = signature(endpoint)
    is_seen = "view" in asked.parameters
    name = "view" if is_seen else "viewer"

    def answer(**given: Any) -> Response:
        return parquet_answer(given["request"], given[name], endpoint, given, is_seen=is_seen)

    parameters = [one.replace(annotation=Who) if one.name == name else one for one in asked.parameters.values()]
    answer.__signature__ = asked.replace(parameters=parameters)  # type: ignore[attr-defined]
    return answer


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
