"""`slo-streams counts APP METRIC`: what history has counted of one series, step by step."""

from collections.abc import Sequence
from typing import Annotated

import typer

from schemas.event_time import utc_text
from streams.cli.shared.ask import settings_of_or_fail
from streams.cli.shared.database import history_connection
from streams.cli.shared.failure import fail
from streams.cli.shared.json_text import print_json
from streams.cli.shared.metric_name import SHORT_NAMES, shown_metric_named
from streams.cli.shared.moment import moment_ms
from streams.cli.shared.table import Column, Table
from streams.cli.shared.text import console
from streams.history.app_counts import AppCounts, UnfitTimeError, app_counts
from streams.history.codec import MINUTE_MS
from streams.history.counted_app import read_counted_app
from streams.history.documents import counts_document
from streams.history.reading import read_exclusions
from streams.history.settings import HistorySettings
from streams.history.sources import source_names
from streams.history.steps import PERCENTS, STEPS_S, Steps
from streams.names import Metric


def counts(
    app: Annotated[str, typer.Argument(metavar="APP", help="The appKey.", show_default=False)],
    metric: Annotated[
        Metric,
        typer.Argument(
            parser=shown_metric_named,
            metavar="METRIC",
            help=f"{SHORT_NAMES}, synthetic, or its id.",
            show_default=False,
        ),
    ],
    scope: Annotated[str | None, typer.Option(help="A product, or a base URL; needed where there are several.")] = None,
    source: Annotated[
        str | None, typer.Option(help="Who tells: PROD (default), group:NAME, and of iframes HOST or APP alone.")
    ] = None,
    from_: Annotated[
        int | None, typer.Option("--from", parser=moment_ms, metavar="TIME", help="Begin here; default: 60 steps back.")
    ] = None,
    to: Annotated[
        int | None, typer.Option(parser=moment_ms, metavar="TIME", help="End here; default: as far as is counted.")
    ] = None,
    step: Annotated[int, typer.Option(help="Seconds of a step: 60, 300, 3600 or 86400.")] = 60,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show how many events of a series were good and bad in each step of time, and how long they took.

    Excluded minutes count in `excluded` alone. Latencies are kept by five minutes. Times are UTC. What is in no SLO
    is shown apart: other groups than PROD with --source, results of synthetic tests as METRIC `synthetic`. In steps of
    a day two years can be shown; of days that are older than minutes are kept that counts which did when they went.

    \b
    Examples:
      slo-streams counts com.acme.charts webhook --scope Jira
      slo-streams counts com.acme.charts webhook --step 3600 --json
      slo-streams counts com.acme.charts availability --source group:DFR
      slo-streams counts com.acme.charts synthetic --step 86400

    \b
    Exit codes:
      0   shown
      1   nothing is counted for this series
      2   an option or a setting cannot be used
      69  the database cannot be reached
      78  the database has another schema
    """
    if step not in STEPS_S:
        raise typer.BadParameter(f"{step} is none of {', '.join(map(str, STEPS_S))}", param_hint="--step")
    settings = settings_of_or_fail(HistorySettings)
    with history_connection(settings) as connection:
        exclusions = read_exclusions(connection, app)
        counted = read_counted_app(connection, settings, app)
        scopes = list(counted.by_scope(metric.id, source))
        if scope is None and len(scopes) > 1:
            raise typer.BadParameter(f"there are several: {', '.join(scopes)}", param_hint="--scope")
        if not scopes or scope not in (None, *scopes):
            names = source_names(counted.series, metric.id)
            others = f" There is: {', '.join(names)} (--source)." if source and names else ""
            fail(f"Nothing is counted for {' '.join(filter(None, (app, metric.id, scope, source)))} yet.{others}")
        try:
            found = app_counts(counted, metric, scope or scopes[0], exclusions, from_, to, step, source)
        except UnfitTimeError as problem:
            raise typer.BadParameter(str(problem), param_hint="--from") from None
    if found is None:
        fail(f"Nothing is counted for {app} {metric.id} in this time.")
    if as_json:
        print_json(counts_document(found))
    else:
        _show(found)


def _show(found: AppCounts) -> None:
    steps = found.steps
    table = Table(
        Column("from"),
        *(Column(name, is_number=True) for name in ("good", "bad")),
        Column("excluded", rank=1, is_number=True),
        *(Column(f"p{percent} ms", rank=2, is_number=True) for percent in PERCENTS),
    )
    for number, (good, bad) in enumerate(zip(steps.good, steps.bad, strict=True)):
        start_ms = (steps.start + number * steps.step) * MINUTE_MS
        table.add(
            utc_text(start_ms), f"{good:,}", f"{bad:,}", f"{steps.excluded[number]:,}", *_latencies(steps, number)
        )
    table.print(console())


def _latencies(steps: Steps, number: int) -> Sequence[str]:
    found = (steps.percentiles[percent][number] for percent in PERCENTS)
    return ["" if ms is None else f"{ms:,.0f}" for ms in found]
