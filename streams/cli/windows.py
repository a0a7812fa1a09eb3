"""`slo-streams windows APP`: the window tables of an app, as last committed."""

from typing import Annotated, Any

import typer
from rich.console import Console

from streams.cli.shared.ask import settings_or_fail
from streams.cli.shared.failure import fail
from streams.cli.shared.json_text import print_json
from streams.cli.shared.metric_name import SHORT_NAMES, metric_named
from streams.cli.shared.pane_table import pane_table, series_title
from streams.cli.shared.stored import stored_tables
from streams.cli.shared.table import Column, Table
from streams.cli.shared.text import console, duration_text, percent, utc_text
from streams.evaluation.objective import Objective
from streams.evaluation.series import SeriesKey
from streams.names import METRICS, Metric
from streams.tables.stored import StoredTable
from streams.windows.hopping import next_boundary


def windows(
    app: Annotated[str, typer.Argument(metavar="APP", help="The appKey.", show_default=False)],
    metric: Annotated[
        Metric | None,
        typer.Option(parser=metric_named, metavar="METRIC", help=f"One metric: {SHORT_NAMES}, or its id."),
    ] = None,
    scope: Annotated[str | None, typer.Option(help="One scope: a product, or the base URL of a health check.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON array with an object for each series.")] = False,
) -> None:
    """Show the panes of an app and the windows its objectives are judged by, from the last commit of the workers.

    A window is shown as of the next boundary to be judged, so it may still fill. Times are UTC.

    \b
    Examples:
      slo-streams windows com.acme.charts
      slo-streams windows com.acme.charts --metric webhook --scope Jira --json

    \b
    Exit codes:
      0  shown
      1  nothing is stored for this app
      2  an option or a setting cannot be used
      69 no broker answers
    """
    settings = settings_or_fail()
    metrics = list(METRICS.values()) if metric is None else [metric]
    stored = stored_tables(settings, metrics, app)
    found = [(one, key) for one in stored for key in one.table if key[0] == app and scope in (None, key[1])]
    if not found:
        wanted = app if scope is None else f"{app} with scope {scope}"
        fail(
            f"Nothing is stored for {wanted} under group {settings.application_id}: no event was counted within the "
            "longest window, and nothing is breached."
        )
    if as_json:
        print_json([_document(*one) for one in found])
        return
    out = console()
    for one in found:
        _show(out, *one)


def _show(out: Console, stored: StoredTable, key: SeriesKey) -> None:
    app_key, scope = key
    out.print(series_title(app_key, stored.metric, scope), soft_wrap=True)
    out.print(f"partition {stored.partition}, seen up to {utc_text(stored.progress.watermark_ms)}", style="dim")
    out.print()
    pane_table(stored, stored.table[key]).print(out, indent=2)
    out.print()
    table = Table(
        Column("objective"),
        Column("window", rank=3),
        Column("next boundary", rank=1),
        Column("good", rank=4, is_number=True),
        Column("bad", rank=4, is_number=True),
        Column("SLI", rank=2, is_number=True),
        Column("so far"),
        Column("breached", is_long=True),
    )
    for objective in stored.progress.objectives:
        table.add(*_window_cells(stored, key, objective))
    table.print(out, indent=2)
    out.print()


def _window_cells(stored: StoredTable, key: SeriesKey, objective: Objective) -> tuple[str, ...]:
    boundary_ms = next_boundary(stored.progress.judged_ms, objective.hop_ms)
    good, bad = stored.table.of(objective)[key].at(boundary_ms)
    verdict = "misses" if objective.is_below(good, bad) else "meets"
    sli = f"{100 * good / (good + bad):.5g} %" if good + bad else ""
    breached_ms = _breached_at_ms(stored, key, objective)
    return (
        objective.name,
        duration_text(objective.window_ms),
        utc_text(boundary_ms),
        f"{good:,}",
        f"{bad:,}",
        sli,
        f"{verdict} {percent(objective.slo_percent)}" if good + bad else "no events",
        "" if breached_ms is None else f"since {utc_text(breached_ms)}",
    )


def _breached_at_ms(stored: StoredTable, key: SeriesKey, objective: Objective) -> int | None:
    standing = stored.table[key].series.states.get(objective.name)
    return None if standing is None else standing.breached_at_ms


def _document(stored: StoredTable, key: SeriesKey) -> dict[str, Any]:
    app_key, scope = key
    windows = []
    for objective in stored.progress.objectives:
        boundary_ms = next_boundary(stored.progress.judged_ms, objective.hop_ms)
        good, bad = stored.table.of(objective)[key].at(boundary_ms)
        windows.append(
            {
                "objective": objective.name,
                "windowStart": boundary_ms - objective.window_ms,
                "windowEnd": boundary_ms,
                "goodCount": good,
                "badCount": bad,
                "breachedAt": _breached_at_ms(stored, key, objective),
            }
        )
    return {
        "appKey": app_key,
        "metricId": stored.metric.id,
        "scope": scope,
        "partition": stored.partition,
        "watermark": stored.progress.watermark_ms,
        "judgedUntil": stored.progress.judged_ms,
        "paneMillis": stored.table.pane_ms,
        "panes": [
            {"start": pane.start_ms, "goodCount": pane.good, "badCount": pane.bad, "byApp": pane.by_app}
            for pane in stored.table[key]
        ],
        "windows": windows,
    }
