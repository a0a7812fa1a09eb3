"""`slo-streams replay`: which alerts would these objectives have given on past data?"""

import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated, BinaryIO, NamedTuple

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from schemas.event_time import epoch_ms
from streams.cli.shared.failure import fail
from streams.names import Topics
from streams.objectives import InvalidObjectivesError, load_objectives
from streams.replay import Replay, ReplayRecord, UnreadableLineError, read_line
from streams.settings import InvalidSettingsError, load_settings

_SHOWN_PROBLEMS = 5


def replay(
    files: Annotated[
        list[Path] | None, typer.Argument(help="NDJSON files; standard input without one, or for '-'.")
    ] = None,
    objectives: Annotated[
        Path | None, typer.Option(help="OpenSLO file to test; default: SLO_OBJECTIVES or the shipped one.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Judge every boundary up to this time (RFC 3339 or epoch ms).")
    ] = None,
    partitions: Annotated[int, typer.Option(min=1, help="Partitions to place the records over.")] = 1,
) -> None:
    """Judge a recorded log without a broker, by the same engine as the worker.

    Reads one record a line, {"topic", "key", "value", "timestamp"}, in the order of the log. Writes the alert records
    to standard output, a line each, and a summary to standard error.

    Example: slo-streams replay yesterday.ndjson --objectives stricter.yaml | jq .incidentId

    Exit codes: 0 done, 1 some lines could not be read, 2 wrong usage, objectives or settings.
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
    )
    problems: list[str] = []
    console = Console(stderr=True)
    topics = settings.topics
    try:
        with ExitStack() as opened, _progress(console) as progress:
            log = [_open(path, opened) for path in files or [Path("-")]]
            # An exclusion acts on events that lie before it, too; so the log is gone through twice.
            for file in log:
                engine.exclusions(_read(_naming(topics.exclusions, file), topics, []))
            for file in log:
                engine.records(_read(_followed(file, progress), topics, problems))
    except OSError as problem:
        fail(f"cannot read {problem.filename}: {problem.strerror}", code=2)
    alerts = engine.finish(until_ms)
    for alert in alerts:
        sys.stdout.buffer.write(orjson.dumps(alert) + b"\n")
    sys.stdout.buffer.flush()
    _summarise(console, engine, len(alerts), problems)
    if problems:
        raise typer.Exit(1)


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


class _File(NamedTuple):
    """A part of the log that can be read again."""

    name: str
    lines: BinaryIO
    size: int


def _open(path: Path, opened: ExitStack) -> _File:
    lines: BinaryIO
    if str(path) == "-":
        name, lines = "standard input", opened.enter_context(TemporaryFile())  # noqa: SIM115 - closed with the stack
        shutil.copyfileobj(sys.stdin.buffer, lines)
        size = lines.tell()
    else:
        name, lines, size = str(path), opened.enter_context(path.open("rb")), path.stat().st_size
    return _File(name, lines, size)


_Numbered = Iterator[tuple[str, int, bytes]]
"""File name, line number, line."""


def _naming(topic: str, file: _File) -> _Numbered:
    """Lines that may belong to a topic, told without reading all their JSON."""
    name = topic.encode()
    file.lines.seek(0)
    for number, line in enumerate(file.lines, start=1):
        if name in line or b"\\" in line:
            yield file.name, number, line


def _followed(file: _File, progress: Progress) -> _Numbered:
    """All lines, with the progress shown."""
    task = progress.add_task(file.name, total=file.size)
    file.lines.seek(0)
    read = 0
    for number, line in enumerate(file.lines, start=1):
        read += len(line)
        if number % 10_000 == 0:
            progress.update(task, completed=read)
        yield file.name, number, line


def _read(lines: _Numbered, topics: Topics, problems: list[str]) -> Iterator[ReplayRecord]:
    for name, number, line in lines:
        if not line.strip():
            continue
        try:
            yield read_line(line, number, topics)
        except UnreadableLineError as problem:
            problems.append(f"{name}:{number}: {problem}")


def _summarise(console: Console, engine: Replay, alerts: int, problems: list[str]) -> None:
    summary = engine.summary
    rejected = ", ".join(f"{count:,} {reason}" for reason, count in sorted(summary.rejected.items()) if count)
    console.print(f"{summary.events:,} events, {alerts:,} alerts; rejected: {rejected or 'none'}", highlight=False)
    if summary.other_topics:
        console.print(f"{summary.other_topics:,} records of other topics passed over", highlight=False)
    for problem in problems[:_SHOWN_PROBLEMS]:
        console.print(problem, markup=False, highlight=False, soft_wrap=True)
    if len(problems) > _SHOWN_PROBLEMS:
        console.print(f"and {len(problems) - _SHOWN_PROBLEMS:,} more lines that could not be read", highlight=False)
