"""`slo-streams replay`: which alerts would these objectives have given on past data?"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from schemas.event_time import epoch_ms
from schemas.rejected import RejectReason
from streams.cli.shared.failure import fail
from streams.cli.shared.text import error_console, has_no_room
from streams.objectives import InvalidObjectivesError, load_objectives
from streams.plural import number_of
from streams.replay import Replay, ReplayRecord, UnreadableLineError, read_line
from streams.replay.files import Line, LogFile, UnreadableFileError, in_order_of_time, one_after_the_other, open_log
from streams.settings import InvalidSettingsError, load_settings

_SHOWN_PROBLEMS = 5
_SHOWN_EVERY = 10_000  # lines
_MUCH = 0.01  # of the events


def replay(
    files: Annotated[
        list[Path] | None, typer.Argument(help="NDJSON files; standard input without one, or for '-'.")
    ] = None,
    objectives: Annotated[
        str | None, typer.Option(help="OpenSLO files to test, as SLO_OBJECTIVES names them; default: those.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Judge every boundary up to this time (RFC 3339 or epoch ms).")
    ] = None,
    partitions: Annotated[int, typer.Option(min=1, help="Partitions to place the records over.")] = 1,
    sort: Annotated[bool, typer.Option("--sort", help="Bring the lines into the order of time first.")] = False,
) -> None:
    """Judge a recorded log without a broker, by the same engine as the worker.

    Reads one record a line, as `slo-streams export` writes them: {"topic", "value"} and, where they are known,
    "timestamp" (Kafka's, epoch ms; -1: none; absent: the event's own time), "key", "headers", "partition", "offset".
    The lines have to lie as they came, over all partitions: --sort brings them into the order of time. Writes the
    alert records to standard output, a line each, and a summary to standard error.

    \b
    Examples:
      slo-streams replay log.ndjson --objectives new.yaml | jq .incidentId
      slo-streams export --from 2026-03-02T00:00:00Z | slo-streams replay

    \b
    Exit codes:
      0  done
      1  a file is no log, a disk is full, or some lines
         could not be read: the others were judged
      2  wrong usage, objectives or settings, or a file that cannot be opened
    """
    try:
        settings = load_settings()
        judged_by = load_objectives(objectives or settings.objectives)
        until_ms = None if until is None else epoch_ms(int(until) if until.lstrip("-").isdigit() else until)
    except (InvalidSettingsError, InvalidObjectivesError, ValueError) as problem:
        fail(str(problem), code=2)
    engine = Replay(
        judged_by,
        settings.allowed_lateness,
        settings.topics,
        partitions,
        settings.partitioner,
        settings.max_series_per_app,
        settings.application_id,
    )
    problems: list[str] = []
    console = error_console()
    try:
        with ExitStack() as opened, _progress(console) as progress:
            log = open_log(files or [], opened)
            # Apps and exclusions act on events that lie before them, too; so the log is gone through twice.
            engine.reference(_read(_naming(settings.topics.reference, one_after_the_other(log)), []))
            lines = in_order_of_time(log, partial(_time_of, engine)) if sort else one_after_the_other(log)
            engine.records(_read(_followed(log, lines, progress), problems))
    except OSError as problem:
        if has_no_room(problem):
            raise
        fail(f"cannot read {problem.filename}: {problem.strerror}", code=2)
    except UnreadableFileError as problem:
        fail(str(problem), code=1)
    alerts = engine.finish(until_ms)
    for alert in alerts:
        sys.stdout.buffer.write(orjson.dumps(alert) + b"\n")
    sys.stdout.buffer.flush()
    _summarise(console, engine, len(alerts), problems, sort)
    if problems:
        raise typer.Exit(1)


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _naming(topics: Sequence[str], lines: Iterable[Line]) -> Iterator[Line]:
    """Lines that may belong to some topics, told without reading all their JSON."""
    names = [topic.encode() for topic in topics]
    return (line for line in lines if b"\\" in line.text or any(name in line.text for name in names))


def _followed(log: Sequence[LogFile], lines: Iterable[Line], progress: Progress) -> Iterator[Line]:
    """The lines, with the progress shown."""
    task = progress.add_task("replay", total=sum(file.size for file in log))
    read = 0
    for count, line in enumerate(lines, start=1):
        read += len(line.text)
        if count % _SHOWN_EVERY == 0:
            progress.update(task, completed=read)
        yield line


def _read(lines: Iterable[Line], problems: list[str]) -> Iterator[ReplayRecord]:
    for line in lines:
        try:
            yield read_line(line.text, line.number)
        except UnreadableLineError as problem:
            problems.append(f"{line.file}:{line.number}: {problem}")


def _time_of(engine: Replay, line: Line) -> int | None:
    with suppress(UnreadableLineError):
        return engine.time_ms(read_line(line.text, line.number))
    return None


def _summarise(console: Console, engine: Replay, alerts: int, problems: list[str], sort: bool) -> None:
    summary = engine.summary
    rejected = ", ".join(f"{count:,} {reason}" for reason, count in sorted(summary.rejected.items()) if count)
    console.print(f"{number_of(summary.events, 'event')}, {number_of(alerts, 'alert')}; rejected: {rejected or 'none'}")
    too_late = summary.rejected[RejectReason.TOO_LATE]
    if too_late > _MUCH * summary.events:
        console.print(_why_too_late(too_late / summary.events, sort))
    if summary.copies:
        console.print(f"{number_of(summary.copies, 'copy', 'copies')} passed over: their originals count")
    if summary.other_topics:
        console.print(f"{number_of(summary.other_topics, 'record')} of other topics passed over")
    for problem in problems[:_SHOWN_PROBLEMS]:
        console.print(problem, soft_wrap=True)
    if len(problems) > _SHOWN_PROBLEMS:
        console.print(f"and {number_of(len(problems) - _SHOWN_PROBLEMS, 'more line')} that could not be read")


def _why_too_late(share: float, sort: bool) -> str:
    """What to do about events that were passed over, for one who did not expect it."""
    beginning = f"{share:.0%} of the events came too late to be judged: their windows were closed by then. "
    if sort:
        return beginning + (
            "They are in the order of their timestamps, so they came that late to Kafka: a producer that held them "
            "back, or topics that were filled from elsewhere."
        )
    return beginning + (
        "Lines that lie one partition after the other, as most consumers write them, look like that: try --sort."
    )
