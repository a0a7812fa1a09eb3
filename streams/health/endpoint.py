"""The health endpoint: `/live`, `/ready`, `/metrics`. Faust's own server, open to all and showing tables, stays off."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import orjson
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from streams.health.condition import Condition, why_not_live, why_not_ready
from streams.health.metrics import Metrics

log = logging.getLogger(__name__)


def health_app(look: Callable[[], Condition], limit_s: float, metrics: Metrics) -> web.Application:
    """The endpoint's application. Work may wait `limit_s` for its commit."""

    async def live(_: web.Request) -> web.Response:
        reason = why_not_live(look(), limit_s)
        return _answer({"live": reason is None, "reason": reason})

    async def ready(_: web.Request) -> web.Response:
        condition = look()
        reason = why_not_ready(condition)
        return _answer({"ready": reason is None, "reason": reason, "restoring": condition.restoring})

    async def exposition(_: web.Request) -> web.Response:
        return web.Response(body=metrics.exposition(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/live", live), web.get("/ready", ready), web.get("/metrics", exposition)])
    return app


def _answer(document: dict[str, object]) -> web.Response:
    status = 200 if document["reason"] is None else 503
    return web.Response(status=status, body=orjson.dumps(document), content_type="application/json")


@asynccontextmanager
async def served(app: web.Application, host: str, port: int) -> AsyncIterator[None]:
    """The application on a port, 0 for nowhere.

    A port that cannot be had is said and no more: of several workers on one machine only the first can have it, and
    judging comes first.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        if port:
            try:
                await web.TCPSite(runner, host, port).start()
                log.info("health at http://%s:%d: /live, /ready, /metrics", host, port)
            except OSError as problem:
                log.warning("no health endpoint (SLO_HEALTH_HOST, SLO_HEALTH_PORT): %s", problem.strerror)
        yield
    finally:
        await runner.cleanup()
