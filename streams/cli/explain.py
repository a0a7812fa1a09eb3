"""`slo-streams explain APP METRIC`: why an app paged, or why it did not."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from streams.cli.shared.ask import ask, settings_or_fail
from streams.cli.shared.failure import fail
from streams.cli.shared.json_text import print_json
from streams.cli.shared.metric_name import SHORT_NAMES, metric_named
from streams.cli.shared.moment import moment_ms
from streams.cli.shared.pane_table import pane_table, series_title
from streams.cli.shared.stored import stored_tables
from streams.cli.shared.table import print_facts
from streams.cli.shared.text import console, duration_text, percent, printable, utc_text
from streams.cli.shared.verdict_text import is_gone, outlook_text, standing_text, verdict_text
from streams.evaluation.series import SeriesKey
from streams.kafka.cluster import find_topic
from streams.kafka.placement import partition_of
from streams.names import IFRAME, Metric
from streams.plural import number_of
from streams.registry.exclusions import Series, acting
from streams.registry.reference import read_reference
from streams.settings import Settings
from streams.tables.explanation import Explanation, Window
from streams.tables.explanation import explain as explain_objective
from streams.tables.stored import StoredTable
from streams.tables.tables import Pane


def explain(
    app: Annotated[str, typer.Argument(metavar="APP", help="The appKey.", show_default=False)],
    metric: Annotated[
        Metric,
        typer.Argument(
            metavar="METRIC", parser=metric_named, help=f"{SHORT_NAMES}, or the metric's id.", show_default=False
        ),
    ],
    scope: Annotated[str | None, typer.Option(help="One scope: a product, or the base URL of a health check.")] = None,
    at: Annotated[
        int | None,
        typer.Option(
            metavar="TIME",
            parser=moment_ms,
            help="The window that ends then, rounded down to a boundary (RFC 3339 or epoch ms); "
            "without it the last one judged.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="A JSON array with an object for each series and objective.")
    ] = False,
) -> None:
    """Show why an app paged or did not.

    It shows the window's panes and counts, the rule that decided, and what comes next. Reads what the workers last
    committed and judges it again by their own rules; nobody's work is disturbed. Events that came after a boundary was
    judged are in its counts, though they did not revise it. The watermark is the time up to which events were seen;
    under SLO_CLOCK=live also the clock's, once all is read. Times are UTC.

    \b
    Examples:
      slo-streams explain com.acme.charts webhook
      slo-streams explain com.acme.charts iframe --scope Jira \\
        --at 2026-03-02T14:05:00Z

    \b
    Exit codes:
      0  shown
      1  nothing is stored for this app
      2  an option or a setting cannot be used
      69 no broker answers
    """
    settings = settings_or_fail()
    stored = next(iter(stored_tables(settings, [metric], app)), None)
    keys = sorted(key for key in stored.table if key[0] == app and scope in (None, key[1])) if stored else []
    if stored is None or not keys:
        fail(ask(settings, _nothing_stored(settings, metric, app, scope)))
    reference = ask(settings, read_reference(settings, *settings.topics.reference))
    exclusions, listings = reference.exclusions, reference.catalogue.listings
    lateness_ms, objectives = settings.allowed_lateness, stored.progress.objectives
    found = [
        (key, [explain_objective(stored, key, one, at, lateness_ms, exclusions, listings) for one in objectives])
        for key in keys
    ]

    def excluded_by(key: SeriesKey, window: Window) -> list[str]:
        series, span = Series(key[0], metric.id, key[1]), (window.start_ms, window.end_ms)
        return acting(exclusions, window.end_ms + lateness_ms, series, span)

    if as_json:
        documents = [
            _document(stored, key, one) | {"excludedBy": excluded_by(key, one.window)}
            for key, explanations in found
            for one in explanations
        ]
        print_json(documents)
        return
    out = console()
    for key, explanations in found:
        out.print(series_title(key[0], metric, key[1]), soft_wrap=True)
        out.print(f"partition {stored.partition}, watermark {utc_text(stored.progress.watermark_ms)}", style="dim")
        for one in explanations:
            _show(out, stored, one, excluded_by(key, one.window))


async def _nothing_stored(settings: Settings, metric: Metric, app: str, scope: str | None) -> str:
    topic = settings.topics.input(metric)
    name = app if scope is None else f"{app} with scope {scope}"
    partition = partition_of(app.encode(), (await find_topic(settings, topic)).partitions, settings.partitioner)
    return (
        f"Nothing is stored for {printable(name)} under group {settings.application_id}: no event of it was counted "
        f"within the longest window, and nothing is breached.\nIts key belongs into partition {partition} of {topic} "
        f"(SLO_PARTITIONER={settings.partitioner}). Is the appKey spelled right? `slo-streams status` shows whether "
        "that topic is read, `slo-streams rejected list` what could not be used."
    )


def _show(out: Console, stored: StoredTable, one: Explanation, excluded_by: Sequence[str]) -> None:
    window = one.window

    def verdict(pane: Pane) -> str:
        return "excluded" if pane in window.excluded else "yes" if pane.by_app is window.by_app else "no"

    out.print()
    print_facts(out, [("objective", Text(one.objective.name, "bold")), *_facts(one, excluded_by)], indent=2)
    if window.panes:
        out.print()
        pane_table(stored, window.panes, verdict).print(out, indent=2)


def _facts(one: Explanation, excluded_by: Sequence[str]) -> list[tuple[str, str]]:
    window, upcoming, objective = one.window, one.upcoming, one.objective
    facts = [
        ("window", f"{utc_text(window.start_ms)} to {utc_text(window.end_ms)} ({duration_text(objective.window_ms)})"),
        ("counts", _counts_text(one)),
        *_short_facts(one),
        ("verdict", verdict_text(one)),
        ("now", standing_text(one)),
        ("last judged", utc_text(one.judged_ms)),
        ("next", f"{utc_text(upcoming.end_ms)}, judged once the watermark reaches {utc_text(one.due_ms)}"),
        ("", f"so far {upcoming.good:,} good, {upcoming.bad:,} bad: {outlook_text(one)}"),
    ]
    if window.gone_before_ms is not None and not is_gone(window):
        gone = f"panes before {utc_text(window.gone_before_ms)} are no longer kept; the counts are of the rest"
        facts.insert(2, ("", gone))
    if window.excluded:
        by = ", ".join(map(printable, excluded_by))
        facts.insert(2, ("excluded", f"{number_of(len(window.excluded), 'pane')}, by {by}"))
    if window.by_app:
        facts.insert(2, ("", "the app reported itself: the host's events of this window do not count"))
    return facts


def _counts_text(one: Explanation) -> str:
    window, objective = one.window, one.objective
    if is_gone(window):
        return "no longer kept"
    total = window.good + window.bad
    wanted = f"{'above' if objective.breach_at_budget else 'at least'} {percent(objective.slo_percent)}"
    left_out = _left_out_text(window)
    if total == 0:
        return f"no counted event{left_out}; wanted: {wanted}"
    return (
        f"{window.good:,} good, {window.bad:,} bad{left_out}: "
        f"{window.good:,} of {total:,} = {100 * window.good / total:.7g} %; "
        f"wanted: {wanted}, which allows {'fewer than' if objective.breach_at_budget else 'up to'} "
        f"{float(objective.budget * total):.7g} bad"
    )


def _short_facts(one: Explanation) -> list[tuple[str, str]]:
    """What the short window says, where the rule has one."""
    if one.window.short is None or one.objective.short_ms is None:
        return []
    good, bad = one.window.short
    length = duration_text(one.objective.short_ms)
    if good + bad == 0:
        return [("short window", f"no counted event in the last {length}")]
    said = "below, too" if one.objective.is_below(good, bad) else "not below"
    return [("short window", f"{good:,} good, {bad:,} bad in the last {length}: {said}")]


def _left_out_text(window: Window) -> str:
    """` (16 good, 7 bad are excluded)`, of those who report; nothing if nothing is."""
    if not window.excluded:
        return ""
    by_app = any(pane.by_app for pane in window.panes)
    left_out = [pane for pane in window.excluded if pane.by_app is by_app]
    return f" ({sum(pane.good for pane in left_out):,} good, {sum(pane.bad for pane in left_out):,} bad are excluded)"


def _document(stored: StoredTable, key: SeriesKey, one: Explanation) -> dict[str, Any]:
    objective, standing = one.objective, one.standing
    return {
        "appKey": key[0],
        "metricId": stored.metric.id,
        "scope": key[1],
        "objective": objective.name,
        "partition": stored.partition,
        "watermark": stored.progress.watermark_ms,
        "sloFraction": str(Fraction(1) - objective.budget),
        "sloValue": objective.slo_percent,
        "minimumEvents": objective.minimum_events,
        "window": _window_document(stored.metric, one.window),
        "isJudged": one.is_judged,
        "explanation": verdict_text(one),
        "silentSince": standing.silent_ms,
        "isBreached": standing.breached_at_ms is not None,
        "breachedAt": standing.breached_at_ms,
        "incidentId": one.incident,
        "boundariesInARow": standing.run,
        "boundariesNeeded": objective.alert_boundaries
        if standing.breached_at_ms is None
        else objective.recover_boundaries,
        "lastJudgedBoundary": one.judged_ms,
        "nextBoundary": {
            **_window_document(stored.metric, one.upcoming),
            "judgedAtWatermark": one.due_ms,
            "reasonIfNothingElseCame": one.outlook,
        },
    }


def _window_document(metric: Metric, window: Window) -> dict[str, Any]:
    total = window.good + window.bad
    return {
        "start": window.start_ms,
        "end": window.end_ms,
        "goodCount": window.good,
        "badCount": window.bad,
        "sliFraction": f"{window.good}/{total}" if total else None,
        "sliValue": 100 * window.good / total if total else None,
        "verdict": window.verdict,
        "shortWindow": None
        if window.short is None
        else dict(zip(("goodCount", "badCount"), window.short, strict=True)),
        "isKept": not is_gone(window),
        "countedBy": ("APP" if window.by_app else "HOST") if metric is IFRAME else None,
        "goneBefore": window.gone_before_ms,
        "panes": [
            {
                "start": pane.start_ms,
                "goodCount": pane.good,
                "badCount": pane.bad,
                "byApp": pane.by_app,
                "isExcluded": pane in window.excluded,
            }
            for pane in window.panes
        ],
    }
