"""A dashboard process for a browser: `python -m tests.dashboard.server PORT URL [MAILBOX [--logins]]`.

Who asks is who the cookie `viewer` names: `platform`, or a partner's id. With `--logins` people log in as they do at a
dashboard of their own machine.
"""

import asyncio
import sys
from pathlib import Path

from fastapi import Request
from starlette.types import ASGIApp

from streams.dashboard.app import dashboard_app
from streams.dashboard.dashboard import Identify
from streams.dashboard.database import Database
from streams.dashboard.settings import DashboardSettings
from streams.dashboard.viewer import Viewer, platform
from streams.objectives import read_objectives
from streams.web.http_server import serve_http
from tests.dashboard.patience import patient_dashboards


def identify(request: Request) -> Viewer | None:
    """Whoever the cookie says."""
    name = request.cookies.get("viewer")
    request.state.form_token = name
    if name == "platform":
        return platform("Olga")
    return Viewer("Ann", frozenset({name})) if name else None


def main(port: int, url: str, mailbox: Path | None, who: Identify | None) -> None:
    """Serve until it is ended."""
    with patient_dashboards():
        database = Database(url)
    database.open()
    app = dashboard_app(DashboardSettings(dashboard_mailbox=mailbox), read_objectives(), database, who)
    asyncio.run(_serve(app, port))
    database.close()


async def _serve(app: ASGIApp, port: int) -> None:
    serving = asyncio.create_task(serve_http(app, "127.0.0.1", port, until=asyncio.Event()))
    while not serving.done():
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            break
    print("ready", flush=True)
    await serving


if __name__ == "__main__":
    port_text, database_url, *more = sys.argv[1:]
    folder = Path(more[0]) if more else None
    main(int(port_text), database_url, folder, None if "--logins" in more else identify)
