"""`slo-streams dashboard`: pages and JSON API."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import psycopg
import typer

from streams import logs
from streams.cli.shared.ask import settings_of_or_fail
from streams.cli.shared.database import desk_connection, url_or_fail, why_no_database
from streams.cli.shared.failure import fail
from streams.cli.shared.json_text import print_json
from streams.cli.shared.metric_name import SHORT_NAMES, metric_named
from streams.cli.shared.objectives import objectives_or_fail
from streams.cli.shared.service import LogLevel
from streams.cli.shared.table import Column, Table
from streams.cli.shared.text import console
from streams.database.connection import check_schema
from streams.database.errors import SchemaError
from streams.database.settings import DatabaseSettings
from streams.exits import ExitCode
from streams.names import Metric

dashboard_app = typer.Typer(name="dashboard")
token_app = typer.Typer(name="token", no_args_is_help=True)
dashboard_app.add_typer(token_app)


@dashboard_app.callback(invoke_without_command=True)
def dashboard(
    context: typer.Context,
    log_level: Annotated[LogLevel, typer.Option(help="How much to say on standard error.")] = LogLevel.INFO,
) -> None:
    """Show budgets, counts, alerts and incidents in a browser, and as JSON at /api/v1.

    Reads the database that SLO_DATABASE_URL names, which `slo-streams history` fills. Listens on SLO_DASHBOARD_HOST
    (127.0.0.1) and SLO_DASHBOARD_PORT (8090), with /live, /ready and /metrics. It speaks no TLS: put a proxy in front
    that does. Stop it with Ctrl-C or SIGTERM: calls under way are answered first.

    On this machine a link that it prints logs in once. Elsewhere people log in through a proxy
    (SLO_DASHBOARD_TRUSTED_PROXIES) or OpenID Connect (SLO_OIDC_ISSUER), programs with a token: see
    `slo-streams dashboard token -h`.

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
    objectives = objectives_or_fail(settings)
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


@dashboard_app.command()
def link() -> None:
    """Print a link that logs the platform team in once, within a day.

    For a dashboard of this machine, as others log in through a proxy or OpenID Connect.

    \b
    Example:
      slo-streams dashboard link

    \b
    Exit codes:
      0   made; the link is all that is on standard output
      2   people log in another way, or a setting cannot be used
      69  the database cannot be reached
      78  the database has another schema
    """
    from streams.dashboard.login.routes import link_of
    from streams.dashboard.login.sessions import add_link
    from streams.dashboard.settings import DashboardSettings

    settings = settings_of_or_fail(DashboardSettings)
    if not settings.is_alone:
        fail("People log in to this dashboard through its proxy or OpenID Connect.", code=2)
    with desk_connection(settings) as connection:
        secret = add_link(connection)
    typer.echo(link_of(settings, secret))


@dashboard_app.command()
def logout(name: Annotated[str, typer.Argument(help="As the dashboard names them.", show_default=False)]) -> None:
    """End all sessions of a person, from their next click on.

    \b
    Example:
      slo-streams dashboard logout ann@example.com

    \b
    Exit codes:
      0   ended
      1   there is none
      2   a setting cannot be used
      69  the database cannot be reached
      78  the database has another schema
    """
    from streams.dashboard.login.sessions import end_sessions_of

    with desk_connection(settings_of_or_fail(DatabaseSettings)) as connection:
        ended = end_sessions_of(connection, name)
    if not ended:
        fail(f"{name} has no session.")
    typer.echo(f"Sessions ended: {ended}")


@dashboard_app.command()
def embed(
    app: Annotated[str, typer.Argument(metavar="APP", help="The appKey.", show_default=False)],
    metric: Annotated[
        Metric,
        typer.Argument(parser=metric_named, metavar="METRIC", help=f"{SHORT_NAMES}, or its id.", show_default=False),
    ],
    origin: Annotated[list[str], typer.Option(help="Of the pages that may show it; can be given again.")],
    scope: Annotated[str, typer.Option(help="A product, or a base URL.")] = "Jira",
    slo: Annotated[str | None, typer.Option(help="The SLO; default: the first one of the metric.")] = None,
    days: Annotated[int, typer.Option(min=1, max=3_650, help="It ends after so many.")] = 90,
) -> None:
    """Print a link to a badge that shows how a budget is doing.

    It is for somebody's page: whoever has the link sees it, without a login. SLO_DASHBOARD_EMBED_KEY signs links, the
    same at every dashboard; a new key ends all of them. SLO_PUBLIC_URL is where the dashboard is.

    \b
    Example:
      slo-streams dashboard embed com.acme.x webhook --origin https://acme.example

    \b
    Exit codes:
      0   made; the link is all that is on standard output
      2   an option, a setting or the objectives cannot be used
    """
    from streams.dashboard.embeds import Embed, sign
    from streams.dashboard.settings import DashboardSettings

    settings = settings_of_or_fail(DashboardSettings)
    key = settings.read_embed_key()
    if key is None:
        fail("SLO_DASHBOARD_EMBED_KEY: not set. It signs links: `openssl rand -base64 32` makes one.", code=2)
    for one in origin:
        if re.fullmatch(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?", one) is None:
            raise typer.BadParameter(f"{one!r} is no origin; write https://acme.example.com", param_hint="--origin")
    levels = [level.name for level in objectives_or_fail(settings).service_levels if level.metric == metric.id]
    if slo not in (None, *levels) or not levels:
        raise typer.BadParameter(f"the SLOs of {metric.id} are: {', '.join(levels) or 'none'}", param_hint="--slo")
    until_ms = int((datetime.now(UTC) + timedelta(days=days)).timestamp() * 1_000)
    token = sign(Embed(app, metric.id, scope, slo or levels[0], until_ms, origin), key)
    typer.echo(f"{settings.base_url}/embed/{token}")


@token_app.callback()
def _token() -> None:
    """Tokens by which programs read the API.

    \b
    Example:
      slo-streams dashboard token add acme-reports --partner acme --days 90
      curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8090/api/v1/budgets
    """


@token_app.command()
def add(
    name: Annotated[str, typer.Argument(help="Who it is for; names are unique.", show_default=False)],
    partner: Annotated[
        list[str] | None, typer.Option(help="Id of a partner whose apps it sees; can be given again.")
    ] = None,
    platform: Annotated[bool, typer.Option("--platform", help="It sees every app.")] = False,
    days: Annotated[int | None, typer.Option(min=1, max=3_650, help="It ends after so many; default: never.")] = None,
    may_act: Annotated[
        bool, typer.Option("--may-act", help="It may appeal and decide, too; default: only read.")
    ] = False,
) -> None:
    """Make a token, and print it. It is shown this once: only a digest is kept.

    What a token that may act puts on record is its word: its name stands beside it.

    \b
    Examples:
      slo-streams dashboard token add acme-reports --partner acme --days 90
      slo-streams dashboard token add status-board --platform
      slo-streams dashboard token add acme-desk --partner acme --may-act

    \b
    Exit codes:
      0   made; the token is all that is on standard output
      1   there is one of this name, or was
      2   neither partners nor --platform, or both; or a setting cannot be used
      69  the database cannot be reached
      78  the database has another schema
    """
    from streams.dashboard.login.tokens import add_token

    if platform == bool(partner):
        raise typer.BadParameter("give partners, or --platform", param_hint="--partner")
    expires_at = None if days is None else datetime.now(UTC) + timedelta(days=days)
    with desk_connection(settings_of_or_fail(DatabaseSettings)) as connection:
        token = add_token(connection, name, None if platform else partner, expires_at, may_act=may_act)
    if token is None:
        fail(f"There is a token {name} already, or was: take another name.")
    typer.echo(token)


@token_app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="A JSON array.")] = False) -> None:
    """List all tokens that were ever made.

    \b
    Examples:
      slo-streams dashboard token list
      slo-streams dashboard token list --json

    \b
    Exit codes:
      0   listed, also if there are none
      2   a setting cannot be used
      69  the database cannot be reached
      78  the database has another schema
    """
    from streams.dashboard.login.tokens import list_tokens

    with desk_connection(settings_of_or_fail(DatabaseSettings)) as connection:
        found = list_tokens(connection)
    if as_json:
        print_json([_token_document(one) for one in found])
        return
    table = Table(Column("name"), Column("sees"), Column("may"), Column("made"), Column("ends"), Column("revoked"))
    for one in map(_token_document, found):
        sees = "every app" if one["partners"] is None else ", ".join(one["partners"])
        may = "act" if one["mayAct"] else "read"
        table.add(one["name"], sees, may, one["createdAt"], one["expiresAt"] or "never", one["revokedAt"] or "")
    table.print(console())


@token_app.command()
def revoke(name: Annotated[str, typer.Argument(help="Of the token.", show_default=False)]) -> None:
    """End a token, from its next request on.

    \b
    Example:
      slo-streams dashboard token revoke acme-reports

    \b
    Exit codes:
      0   ended
      1   there is none of this name that holds
      2   a setting cannot be used
      69  the database cannot be reached
      78  the database has another schema
    """
    from streams.dashboard.login.tokens import revoke_token

    with desk_connection(settings_of_or_fail(DatabaseSettings)) as connection:
        is_revoked = revoke_token(connection, name)
    if not is_revoked:
        fail(f"There is no token {name} that holds.")
    typer.echo(f"{name} does not hold any longer.")


def _token_document(one: dict[str, Any]) -> dict[str, Any]:
    def text(time: datetime | None) -> str | None:
        return None if time is None else time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

    return {
        "name": one["name"],
        "partners": None if one["is_platform"] else one["partners"],
        "mayAct": one["may_act"],
        "createdAt": text(one["created_at"]),
        "expiresAt": text(one["expires_at"]),
        "revokedAt": text(one["revoked_at"]),
    }
