"""The OpenAPI document: what FastAPI tells of the endpoints, and what they check themselves."""

from typing import Any, Final

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from streams.dashboard.api.acting import AppealRequest, DecisionRequest
from streams.dashboard.api.backtests import BacktestRequest
from streams.web.openapi import described
from streams.web.problem import ProblemDetails

_REFS: Final = "#/components/schemas/{model}"
_OWN: Final = ("HTTPValidationError", "ValidationError")  # faults of parameters are problems like all others


def openapi_document(app: FastAPI) -> dict[str, Any]:
    """OpenAPI 3.1 of the API; made once."""
    if app.openapi_schema is None:
        document = described(app)
        components = document["components"]
        schemas = components["schemas"]
        for name in _OWN:
            schemas.pop(name, None)
        models = [(model, "validation") for model in (BacktestRequest, AppealRequest, DecisionRequest, ProblemDetails)]
        schemas.update(models_json_schema(models, ref_template=_REFS)[1]["$defs"])  # type: ignore[arg-type]
        components["securitySchemes"] = {
            "token": {
                "type": "http",
                "scheme": "bearer",
                "description": "`slo-streams dashboard token add` makes one.",
            },
            "session": {"type": "apiKey", "in": "cookie", "name": "__Host-slo-session", "description": "Of a browser."},
        }
        document["security"] = [{"token": []}, {"session": []}]
        for operations in document["paths"].values():
            for operation in operations.values():
                operation["responses"].pop("422", None)
        app.openapi_schema = document
    return app.openapi_schema
