"""The OpenAPI document: what the code of the endpoints, which reads bodies raw, does not tell by itself."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from fastapi import FastAPI
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from streams.gateway.lines import LINES, METRIC_OF
from streams.gateway.results import MOST, Result
from streams.names import METRICS
from streams.web.openapi import described
from streams.web.problem import MEDIA_TYPE, Problem, ProblemDetails

_REFS: Final = "#/components/schemas/{model}"
_CONNECT: Final = "connect"
_SERVICE: Final = "service"

_BODY_PROBLEMS: Final = (
    Problem.CONTENT_TYPE,
    Problem.CODING,
    Problem.TOO_SLOW,
    Problem.TOO_LARGE,
    Problem.TOO_MANY_EVENTS,
)
_KAFKA_PROBLEMS: Final = (Problem.NOT_STORED, Problem.BUSY)


def openapi_document(app: FastAPI) -> dict[str, Any]:
    """OpenAPI 3.1 of the gateway; made once."""
    if app.openapi_schema is None:
        document = described(app)
        components = document["components"]
        components["schemas"].update(_schemas())
        components["securitySchemes"] = _security_schemes()
        app.openapi_schema = document
    return app.openapi_schema


def publish_documentation() -> dict[str, Any]:
    """OpenAPI of the publish route."""
    results = {"type": "array", "maxItems": MOST, "items": _ref("Result")}
    problems = (
        Problem.NEGATIVE_LATENCY,
        Problem.METRICS_TYPE,
        Problem.MODULE_TYPE,
        Problem.BAD_REQUEST,
        Problem.WRONG_SIGNATURE,
        Problem.TOKEN_OUT_OF_TIME,
        Problem.TOKEN_ALREADY_USED,
        Problem.NO_INSTALLATION,
        Problem.NOT_ALLOWED_FOR_APP,
        Problem.TOO_OFTEN,
        *_BODY_PROBLEMS,
        *_KAFKA_PROBLEMS,
    )
    return {
        "summary": "Publish results of an app",
        "description": (
            "An app tells how its iframes loaded, which replaces what the host saw, and how its synthetic tests went, "
            "which are shown and never counted. App, product and client are those of the installation that signed the "
            "token; the time is when the call is accepted. 204: all results are stored."
        ),
        "operation_id": "publish",
        "status_code": 204,
        "response_description": "Successfully published metrics",
        "responses": _problems(problems),
        "openapi_extra": {
            "security": [{_CONNECT: []}],
            "parameters": [_parameter("addon_key", "Key of the app; that of the installation that signed the token.")],
            "requestBody": {"required": True, "content": {"application/json": {"schema": results}}},
        },
    }


def events_documentation() -> dict[str, Any]:
    """OpenAPI of the route for events of services."""
    one = {"anyOf": [_ref(metric.model.__name__) for metric in METRICS.values()]}
    many = {"type": "string", "description": "One event a line; each is answered for itself."}
    metric = _parameter("metric", "The metric: its id, its short name, or that of its topic.", enum=sorted(METRIC_OF))
    problems = (
        Problem.BAD_REQUEST,
        Problem.SERVICE_TOKEN,
        Problem.TOO_MANY_FAILURES,
        Problem.NO_SUCH_METRIC,
        Problem.EVENT_TOO_LARGE,
        *_BODY_PROBLEMS,
        *_KAFKA_PROBLEMS,
    )
    told = {"application/json": {"schema": _ref("Told")}}
    return {
        "summary": "Send events",
        "description": (
            "For services with a token: one event as `application/json`, or up to 1,000, one a line, as "
            "`application/x-ndjson`. Each goes, as it was written, to the topic of its metric, by its `appKey`."
        ),
        "operation_id": "events",
        "responses": {
            200: {"description": "All events are stored", "content": told},
            207: {"description": "Some events are not stored: see each line", "content": told},
            **_problems(problems, told={400: told}),
        },
        "openapi_extra": {
            "security": [{_SERVICE: []}],
            "parameters": [metric],
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": one}, **{name: {"schema": many} for name in LINES}},
            },
        },
    }


def _problems(
    problems: Iterable[Problem], told: Mapping[int, dict[str, Any]] = MappingProxyType({})
) -> dict[int | str, dict[str, Any]]:
    """A response for each status, with an example for each problem; `told` is what else a status may come with."""
    responses: dict[int | str, dict[str, Any]] = {}
    for problem in problems:
        response = responses.setdefault(
            problem.status,
            {"description": "", "content": {MEDIA_TYPE: {"schema": _ref(ProblemDetails.__name__), "examples": {}}}},
        )
        response["description"] = "; ".join(filter(None, (response["description"], f"`{problem.code}`")))
        example = {"summary": problem.sentence, "value": problem.document()}
        response["content"][MEDIA_TYPE]["examples"][problem.code] = example
        if problem.status in (429, 503):
            seconds = {"description": "Seconds to wait", "schema": {"type": "integer"}}
            response["headers"] = {"Retry-After": seconds}
    for status, content in told.items():
        responses[status]["content"].update(content)
    return responses


def _parameter(name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": "string", **schema},
    }


def _ref(model: str) -> dict[str, str]:
    return {"$ref": _REFS.format(model=model)}


def _schemas() -> dict[str, Any]:
    models: tuple[type[BaseModel], ...] = (
        Result,
        ProblemDetails,
        *(metric.model for metric in METRICS.values()),
    )
    _, document = models_json_schema([(model, "validation") for model in models], ref_template=_REFS)
    line = {
        "type": "object",
        "required": ["line", "status"],
        "properties": {
            "line": {"type": "integer", "minimum": 1},
            "status": {"type": "integer"},
            **{name: {"type": "string"} for name in ("code", "detail", "fault")},
        },
    }
    count = TypeAdapter(int).json_schema() | {"minimum": 0}
    told = {
        "type": "object",
        "required": ["accepted", "refused", "lines"],
        "properties": {"accepted": count, "refused": count, "lines": {"type": "array", "items": line}},
    }
    return {**document["$defs"], "Told": told}


def _security_schemes() -> dict[str, Any]:
    return {
        _CONNECT: {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`JWT <token>`: HS256 with the secret of the installation; claims `iss` (its client key), "
            "`iat`, `exp` (at most 5 minutes after `iat`) and `qsh`. Each token is good for one call: add a `jti`.",
        },
        _SERVICE: {"type": "http", "scheme": "bearer", "description": "The token of a service (SLO_SERVICE_TOKENS)."},
    }
