"""`slo-streams history check`: whether what is stored is what Kafka says."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer

from schemas.event_time import utc_text
from streams.budgets.budget import Counts
from streams.cli.shared.ask import ask, settings_of_or_fail
from streams.cli.shared.database import history_connection
from streams.cli.shared.failure import fail
from streams.cli.shared.json_text import print_json
from streams.cli.shared.table import Column, Table
from streams.cli.shared.text import console
from streams.history.comparison import Difference, What, differences
from streams.history.reading import read_counted, read_newest_day
from streams.history.recount import DAY_MS, Recount, recount_day
from streams.history.settings import HistorySettings
from streams.plural import number_of

SHOWN: Final = 1_000
"""Differences that are told one by one: a database of another application differs everywhere."""


def _day(text: str) -> int:
    """Days since 1970 of 2026-03-02; for `typer.Option(parser=...)`."""
    try:
        return int(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()) * 1_000 // DAY_MS
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day: write it as 2026-03-02") from None


def check(
    app: Annotated[str | None, typer.Argument(metavar="[APP]", help="One appKey; default: all apps.")] = None,
    day: Annotated[
        int | None, typer.Option(parser=_day, metavar="DAY", help="2026-03-02, UTC; default: the newest day counted.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Count a day anew from Kafka, and compare.

    Every minute, latency and sum of the day is held against the database. Counts up to where history has counted, so
    it may run at any time beside it; it changes nothing. Topics of which Kafka no longer holds the whole day are named
    and not compared.

    \b
    Examples:
      slo-streams history check
      slo-streams history check com.acme.charts --day 2026-03-02 --json

    \b
    Exit codes:
      0   the same
      1   they differ, or nothing could be compared
      2   an option or a setting cannot be used
      69  Kafka or the database cannot be reached
      78  the database has another schema
    """
    settings = settings_of_or_fail(HistorySettings)
    with history_connection(settings) as connection:
        day = read_newest_day(connection) if day is None else day
        if day is None:
            fail("Nothing is counted yet. Does `slo-streams history` run?")
        recount = ask(settings, recount_day(settings, day, read_counted(connection), app))
        metrics = [settings.topics.shown[topic].id for topic in recount.topics]
        found = []
        number = 0
        for number, one in enumerate(differences(connection, day, app, metrics, recount), 1):
            if number <= SHOWN:
                found.append(one)
    if as_json:
        document = _document(day, recount, found, number)
        print_json(document)
    else:
        _show(day, recount, found, number)
    if number or not recount.topics:
        raise typer.Exit(1)


def _document(day: int, recount: Recount, found: Sequence[Difference], number: int) -> dict[str, Any]:
    return {
        "day": utc_text(day * DAY_MS)[:10],
        "topics": recount.topics,
        "lost": recount.lost,
        "series": len(recount.counts),
        "differences": number,
        "items": [
            {
                "appKey": one.key.app_key,
                "metricId": one.key.metric,
                "scope": one.key.scope,
                "source": one.key.source,
                "what": one.what.name.lower(),
                "places": one.places,
                "first": utc_text(one.at_ms),
                "stored": None if one.stored is None else _counts(one.stored),
                "recounted": _counts(one.recounted),
            }
            for one in found
        ],
    }


def _counts(counts: Counts) -> dict[str, int]:
    return {"good": counts.good, "bad": counts.bad}


def _show(day: int, recount: Recount, found: Sequence[Difference], number: int) -> None:
    out = console()
    date = utc_text(day * DAY_MS)[:10]
    for name in recount.lost:
        out.print(f"not compared: Kafka no longer holds all of {date} in {name}", soft_wrap=True)
    if not number:
        verdict = "the same" if recount.topics else "nothing could be compared"
        out.print(f"{date}: {len(recount.counts):,} series counted anew from Kafka: {verdict}", soft_wrap=True)
        return
    table = Table(
        Column("app"),
        Column("differs in"),
        Column("first at"),
        *(Column(name, is_number=True) for name in ("stored", "recounted")),
        *(Column(name, rank=1, is_long=True) for name in ("metric", "scope", "source")),
    )
    for one in found:
        key = one.key
        stored = "unreadable" if one.stored is None else _events(one, one.stored)
        where = one.what.value if one.what is What.SUM else f"{one.places:,} of its {one.what.value}"
        told = _events(one, one.recounted)
        table.add(key.app_key, where, utc_text(one.at_ms), stored, told, key.metric, key.scope, key.source)
    table.print(out)
    series = f"{len(recount.counts):,} series counted anew from Kafka"
    out.print(f"{date}: {number_of(number, 'difference')} in {series}", soft_wrap=True)
    out.print(
        "Stored is more where Kafka has lost events since; otherwise keep a dump of the database and report it.",
        soft_wrap=True,
    )


def _events(one: Difference, counts: Counts) -> str:
    return f"{counts.good:,}" if one.what is What.LATENCIES else f"{counts.good:,} + {counts.bad:,} bad"
