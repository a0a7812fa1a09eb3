"""`/live`, `/ready` and `/metrics`, on the dashboard's own port: they tell of no app."""

from typing import Final

from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse

from streams.dashboard.dashboard import dashboard_of
from streams.health.process_metrics import process_registry

_REGISTRY: Final = process_registry()


def add_health(app: FastAPI) -> None:
    """Whether it lives, whether the database answers, and what it uses."""

    @app.get("/live", include_in_schema=False)
    def live() -> Response:
        return _answer("live", None)

    @app.get("/ready", include_in_schema=False)
    def ready(request: Request) -> Response:
        return _answer("ready", dashboard_of(request).database.why_away())

    @app.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        return Response(generate_latest(_REGISTRY), media_type=CONTENT_TYPE_LATEST)


def _answer(what: str, reason: str | None) -> Response:
    return JSONResponse({what: reason is None, "reason": reason}, 200 if reason is None else 503)
