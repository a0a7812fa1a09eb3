"""A dashboard process: connections to the database, and the HTTP server around them."""

import asyncio
import logging
from contextlib import suppress

from streams.dashboard.app import dashboard_app
from streams.dashboard.database import Database
from streams.dashboard.login.routes import link_of
from streams.dashboard.login.sessions import add_link
from streams.dashboard.settings import DashboardSettings
from streams.objectives.bind import Objectives
from streams.web.http_server import check_port, serve_http
from streams.web.problem import ProblemError

log = logging.getLogger(__name__)


async def serve(settings: DashboardSettings, objectives: Objectives, url: str) -> None:
    """Serve until SIGTERM or SIGINT; calls under way are answered first.

    Raises:
        BrokenServerError: it can go on no more.
        UnusablePortError: the port cannot be had.
    """
    host, port = settings.dashboard_host, settings.dashboard_port
    check_port(host, port, "SLO_DASHBOARD_HOST, SLO_DASHBOARD_PORT")
    database = Database(url)
    database.open()
    try:
        log.info("dashboard at http://%s:%d", host, port)
        if settings.is_alone:
            with suppress(ProblemError):  # a database that is away: `slo-streams dashboard link` prints one later
                log.info("log in once, within a day: %s", await asyncio.to_thread(_new_link, settings, database))
        await serve_http(dashboard_app(settings, objectives, database), host, port, until=asyncio.Event())
    finally:
        await asyncio.to_thread(database.close)


def _new_link(settings: DashboardSettings, database: Database) -> str:
    with database.desk() as connection:
        return link_of(settings, add_link(connection))
