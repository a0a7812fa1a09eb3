"""`slo-streams status`: is the evaluator keeping up, and what is breached right now?"""

import contextlib
import sys
import time
from datetime import datetime
from typing import Annotated, Any

import orjson
import typer

from schemas import Alert
from streams.cli.shared.alert_line import metric_text
from streams.cli.shared.ask import ask, settings_or_fail
from streams.cli.shared.exclude_text import described, listed
from streams.cli.shared.table import Column, Table
from streams.cli.shared.text import console, duration_text, percent, printable, utc_text
from streams.kafka.alerts import open_breaches
from streams.kafka.cluster import MissingTopicError
from streams.kafka.progress import PartitionProgress, progress_reader
from streams.registry.exclusions import DeclaredExclusion, Phase, known_of, read_exclusions
from streams.settings import Settings

Progress = dict[str, list[PartitionProgress]]


def status(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, partition by partition.")] = False,
) -> None:
    """Show how far the evaluator is, what is breached, and what is left out right now.

    The watermark is the time up to which events were seen. "To read" grows when the workers do not keep up, "behind"
    when they do not keep up or nothing arrives; a partition without an event for long is normal in a quiet system. All
    is as of the last commits, up to SLO_COMMIT_INTERVAL ago: what arrived since then is "to read", too.

    \b
    Examples:
      SLO_BOOTSTRAP_SERVERS=kafka-1:9092 slo-streams status
      slo-streams status --json | jq '.openBreaches[].appKey'

    \b
    Exit codes:
      0  shown, whatever it says
      2  an option or a setting cannot be used
      69 no broker answers
    """
    settings = settings_or_fail()
    progress, breaches, exclusions = ask(settings, _read(settings))
    now_ms = time.time_ns() // 1_000_000
    acting = [one for one in exclusions if one.phase(now_ms) is Phase.CURRENT and one.takes_effect]
    if as_json:
        sys.stdout.write(_json(settings, progress, breaches, acting, now_ms) + "\n")
        return
    out = console()
    _progress_table(settings, progress, now_ms).print(out)
    out.print()
    if breaches is None:
        out.print(f"Open breaches: {settings.topics.alert_state} is not created yet.")
    elif not breaches:
        out.print("No open breaches.")
    else:
        _breach_table(breaches, now_ms).print(out)
    for line in listed([f"{printable(one.exclusion.id)}: {described(one.exclusion)}" for one in acting]):
        out.print(f"Left out now by {line}.", soft_wrap=True)


async def _read(settings: Settings) -> tuple[Progress, list[Alert] | None, list[DeclaredExclusion]]:
    async with progress_reader(settings) as reader:
        progress = await reader.read_when_ready()
    breaches, exclusions = None, list[DeclaredExclusion]()
    with contextlib.suppress(MissingTopicError):
        breaches = await open_breaches(settings)
    with contextlib.suppress(MissingTopicError):
        exclusions = list(known_of(await read_exclusions(settings)).values())
    return progress, breaches, exclusions


def _progress_table(settings: Settings, progress: Progress, now_ms: int) -> Table:
    table = Table(
        Column("input topic"),
        Column("partitions", rank=2, is_number=True),
        Column("to read", is_number=True),
        Column("watermark"),
        Column("behind", rank=1),
        title=f"Group {settings.application_id}",
    )
    for topic, partitions in progress.items():
        if not partitions:
            table.add(topic, "", "", "not created yet")
            continue
        lag = sum(one.lag for one in partitions)
        table.add(topic, str(len(partitions)), f"{lag:,}", *_watermark_cells(partitions, now_ms))
    return table


def _watermark_cells(partitions: list[PartitionProgress], now_ms: int) -> tuple[str, str]:
    """The partition that is furthest behind speaks for its topic."""
    watermarks = [one.watermark_ms for one in partitions if one.watermark_ms is not None]
    if not watermarks:
        return "no event yet", ""
    earliest_ms = min(watermarks)
    return utc_text(earliest_ms), duration_text(max(0, now_ms - earliest_ms))


def _breach_table(breaches: list[Alert], now_ms: int) -> Table:
    table = Table(
        Column("since"),
        Column("for", rank=1),
        Column("app"),
        Column("incident"),
        Column("metric", is_long=True),
        Column("SLI", is_long=True),
        title="Open breaches",
    )
    for breach in breaches:
        since = datetime.fromisoformat(breach.breached_at)
        sli = "" if breach.sli_value is None else f"{breach.sli_value:.5g} % < {percent(breach.slo_value)}"
        table.add(
            f"{since:%Y-%m-%d %H:%M:%SZ}",
            duration_text(max(0, now_ms - int(since.timestamp() * 1_000))),
            printable(breach.app_key),
            breach.incident_id,
            metric_text(breach),
            sli,
        )
    return table


def _json(
    settings: Settings,
    progress: Progress,
    breaches: list[Alert] | None,
    acting: list[DeclaredExclusion],
    now_ms: int,
) -> str:
    document: dict[str, Any] = {
        "time": now_ms,
        "applicationId": settings.application_id,
        "topics": {topic: [_json_of(one) for one in partitions] for topic, partitions in progress.items()},
        "exclusions": [one.exclusion.model_dump() for one in acting],
        "openBreaches": None if breaches is None else [alert.model_dump() for alert in breaches],
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()


def _json_of(one: PartitionProgress) -> dict[str, int | None]:
    return {
        "partition": one.partition,
        "nextOffset": one.next_offset,
        "endOffset": one.end_offset,
        "lag": one.lag,
        "watermark": one.watermark_ms,
    }
