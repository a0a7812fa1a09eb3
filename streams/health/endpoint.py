"""The health endpoint: `/live`, `/ready`, `/metrics`. Faust's own server, open to all and showing tables, stays off."""

import errno
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
    """The endpoint of a worker. Work may wait `limit_s` for its commit."""
    return plain_health_app(
        lambda: why_not_live(look(), limit_s),
        lambda: why_not_ready(look(), limit_s),
        metrics.exposition,
        lambda: {"restoring": look().restoring},
    )


def plain_health_app(
    live_reason: Callable[[], str | None],
    ready_reason: Callable[[], str | None],
    exposition: Callable[[], bytes],
    ready_details: Callable[[], dict[str, object]] = dict,
) -> web.Application:
    """The endpoint of any process: why it is not live, or not ready (None: it is), its metrics, and what else there is
    to say of being ready.
    """

    async def live(_: web.Request) -> web.Response:
        reason = live_reason()
        return _answer({"live": reason is None, "reason": reason})

    async def ready(_: web.Request) -> web.Response:
        reason = ready_reason()
        return _answer({"ready": reason is None, "reason": reason, **ready_details()})

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=exposition(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/live", live), web.get("/ready", ready), web.get("/metrics", metrics)])
    return app


def _answer(document: dict[str, object]) -> web.Response:
    status = 200 if document["reason"] is None else 503
    return web.Response(status=status, body=orjson.dumps(document), content_type="application/json")


@asynccontextmanager
async def served(
    app: web.Application, host: str, port: int, *, name: str = "health", port_setting: str = "SLO_HEALTH_PORT"
) -> AsyncIterator[None]:
    """The application on a port, 0 for nowhere; `name` is what the log calls it, `port_setting` where its port is set.

    A port that cannot be had is said and no more: of several workers on one machine only the first can have it, and
    judging comes first.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        if port:
            try:
                await web.TCPSite(runner, host, port).start()
                log.info("%s at %s", name, _addresses(app, f"http://{host}:{port}"))
            except OSError as problem:
                hint = (
                    f". Another process on this machine has it: set {port_setting} to a free one, or to 0"
                    if problem.errno == errno.EADDRINUSE
                    else ""
                )
                log.warning("no %s endpoint (SLO_HEALTH_HOST, %s): %s%s", name, port_setting, problem.strerror, hint)
        yield
    finally:
        await runner.cleanup()


def _addresses(app: web.Application, server: str) -> str:
    """`http://127.0.0.1:8087/metrics`, or of several `http://127.0.0.1:8080 (/live, /ready)`."""
    paths = [resource.canonical for resource in app.router.resources()]
    return f"{server}{paths[0]}" if len(paths) == 1 else f"{server} ({', '.join(paths)})"
