"""`slo-streams budgets APP`: what is left of an app's error budgets."""

from fractions import Fraction
from typing import Annotated, Any, Final

import typer

from schemas.event_time import utc_text
from streams.budgets.state import BudgetState
from streams.cli.shared.ask import settings_of_or_fail
from streams.cli.shared.database import history_connection
from streams.cli.shared.failure import fail
from streams.cli.shared.json_text import print_json
from streams.cli.shared.objectives import objectives_or_fail
from streams.cli.shared.table import Column, Table
from streams.cli.shared.text import console, duration_text
from streams.history.app_budgets import app_budgets
from streams.history.budgets import SeriesBudget
from streams.history.counted_app import read_counted_app
from streams.history.documents import DAY_MS, budget_item, decimal_text, place_of, worst_first
from streams.history.reading import Breached, read_breached, read_exclusions
from streams.history.settings import HistorySettings
from streams.names import METRICS

_STYLES: Final = {BudgetState.EXHAUSTED: "bold red", BudgetState.AT_RISK: "yellow", BudgetState.MET: "green"}


def budgets(
    app: Annotated[str, typer.Argument(metavar="APP", help="The appKey.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="A JSON object with an item for each budget.")] = False,
) -> None:
    """Show what is left of an app's error budgets: how much of what may fail has failed, and how fast it goes.

    They are made of what `slo-streams history` has counted, without the minutes that are excluded by now. Of a series
    younger than the period they tell of what was seen. Times are UTC.

    \b
    Examples:
      slo-streams budgets com.acme.charts
      slo-streams budgets com.acme.charts --json

    \b
    Exit codes:
      0   shown
      1   nothing is counted for this app
      2   a setting or the objectives cannot be used
      69  the database cannot be reached
      78  the database has another schema
    """
    settings = settings_of_or_fail(HistorySettings)
    levels = objectives_or_fail(settings).service_levels
    with history_connection(settings) as connection:
        counted, exclusions = read_counted_app(connection, settings, app), read_exclusions(connection, app)
        found = app_budgets(counted, levels, exclusions)
        breached = read_breached(connection, app)
    if not found:
        fail(f"Nothing is counted for {app} yet. Does `slo-streams history` run, and has the app had any events?")
    if as_json:
        print_json(_document(found, breached))
    else:
        _show(app, found)


def _show(app: str, found: list[SeriesBudget]) -> None:
    out = console()
    table = Table(
        Column("SLI"),
        Column("reached", is_number=True),
        Column("target", rank=1, is_number=True),
        Column("used", is_number=True),
        Column("left", rank=2, is_number=True),
        *(Column(f"burn {name}", rank=4, is_number=True) for name in found[0].burn),
        Column("seen", rank=3),
        Column("state"),
        Column("scope", rank=5, is_long=True),
    )
    for one in found:
        counts = one.budget.counts
        title = METRICS[one.level.metric].display_name(one.scope)
        table.add(
            title,
            f"{100 * counts.good / counts.total:.4g} %" if counts.total else "",
            f"{decimal_text(100 * one.level.target)} %",
            _share(one.budget.consumed),
            "" if one.budget.remaining_events is None else f"{one.budget.remaining_events:,}",
            *("" if rate is None else f"{float(rate):.3g}" for rate in one.burn.values()),
            f"{duration_text(one.covered_minutes * 60_000)} of {one.level.period_ms // DAY_MS}d",
            one.state,
            "" if one.scope in title else one.scope,
        )
    out.print(f"{app}, as of {utc_text(min(one.as_of_ms for one in found))}", soft_wrap=True)
    table.print(out)


def _share(share: Fraction | None) -> str:
    return "" if share is None else f"{float(100 * share):.4g} %"


def _document(found: list[SeriesBudget], breached: Breached) -> dict[str, Any]:
    as_of_ms = min(one.as_of_ms for one in found)
    items = [budget_item(one, is_breached=(one.level.metric, one.scope) in breached) for one in found]
    items.sort(key=lambda item: (worst_first(item), *place_of(item)))
    return {"asOf": utc_text(as_of_ms), "items": items, "next": None}
