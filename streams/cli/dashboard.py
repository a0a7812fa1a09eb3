"""`slo-streams dashboard`: pages and JSON API."""

from typing import Annotated

import psycopg
import typer

from streams import logs
from streams.cli.shared.ask import settings_of_or_fail
from streams.cli.shared.database import url_or_fail, why_no_database
from streams.cli.shared.failure import fail
from streams.cli.shared.service import LogLevel
from streams.database.connection import check_schema
from streams.database.errors import SchemaError
from streams.exits import ExitCode
from streams.objectives import InvalidObjectivesError, read_objectives

dashboard_app = typer.Typer(name="dashboard")


@dashboard_app.callback(invoke_without_command=True)
def dashboard(
    context: typer.Context,
    log_level: Annotated[LogLevel, typer.Option(help="How much to say on standard error.")] = LogLevel.INFO,
) -> None:
    """Show budgets, counts, alerts and incidents in a browser, and as JSON at /api/v1.

    Reads the database that SLO_DATABASE_URL names, which `slo-streams history` fills. Listens on SLO_DASHBOARD_HOST
    (127.0.0.1) and SLO_DASHBOARD_PORT (8090), with /live, /ready and /metrics. It speaks no TLS: put a proxy in front
    that does. Stop it with Ctrl-C or SIGTERM: calls under way are answered first.

    \b
    Example:
      SLO_DATABASE_URL=postgresql://dashboard@db-1/slo slo-streams dashboard

    \b
    Exit codes:
      0   stopped when asked
      1   the port cannot be had
      2   wrong settings or objectives
      69  the database cannot be reached
      70  broken: restart it
      78  the database has another schema
    """
    if context.invoked_subcommand is not None:
        return
    # Here, because a web framework takes a third of a second to import, and no other command needs it.
    import uvloop

    from streams.dashboard.serve import serve
    from streams.dashboard.settings import DashboardSettings
    from streams.web.http_server import BrokenServerError, UnusablePortError

    settings = settings_of_or_fail(DashboardSettings)
    url = url_or_fail(settings)
    try:
        objectives = read_objectives(settings.objectives)
    except InvalidObjectivesError as problem:
        fail(str(problem), code=2)
    logs.configure(log_level, settings.log_format)
    try:
        check_schema(url)
        uvloop.run(serve(settings, objectives, url))
    except SchemaError as problem:
        fail(str(problem), code=ExitCode.REFUSED)
    except psycopg.OperationalError as problem:
        fail(why_no_database(problem), code=ExitCode.UNAVAILABLE)
    except UnusablePortError as problem:
        fail(str(problem))
    except BrokenServerError as problem:
        fail(f"The dashboard ends: {problem}. Restart it.", code=ExitCode.BROKEN)
