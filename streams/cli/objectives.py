"""`slo-streams objectives`: look at an objectives file before a worker does."""

from pathlib import Path
from typing import Annotated

import typer

from streams.cli.shared.table import Column, Table
from streams.cli.shared.text import console, percent
from streams.evaluation.objective import Objective
from streams.objectives import InvalidObjectivesError, load_objectives
from streams.plural import number_of

objectives_app = typer.Typer(name="objectives", no_args_is_help=True)


@objectives_app.callback()
def _objectives() -> None:
    """Objectives files (OpenSLO v1).

    \b
    Example:
      slo-streams objectives check my-objectives.yaml
    """


@objectives_app.command()
def check(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE", envvar="SLO_OBJECTIVES", show_default="the shipped objectives", help="An OpenSLO v1 file."
        ),
    ] = None,
) -> None:
    """Check an objectives file and show how it is understood.

    Prints one row for each objective, or every problem as `file:line: field: what to change`.

    \b
    Example:
      slo-streams objectives check my-objectives.yaml

    \b
    Exit codes:
      0  it can be used
      1  it cannot be used; nothing but the reasons is shown
      2  wrong options
    """
    try:
        objectives = load_objectives(file)
    except InvalidObjectivesError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    out = console()
    _table(objectives).print(out)
    out.print()
    said = number_of(len(objectives), "objective")
    out.print(f"{file or 'shipped objectives'}: {said}, no problems. A window is judged at every hop.", soft_wrap=True)


def _table(objectives: tuple[Objective, ...]) -> Table:
    table = Table(
        Column("objective"),
        Column("metric", is_long=True),
        Column("window"),
        Column("hop", rank=1),
        Column("breached when"),
        Column("minimum events", rank=4, is_number=True),
        Column("alert after", rank=3),
        Column("recover after", rank=3),
        Column("silence", rank=2),
    )
    for objective in objectives:
        table.add(
            objective.name,
            objective.metric,
            _duration(objective.window_ms),
            _duration(objective.hop_ms),
            f"SLI {'<=' if objective.breach_at_budget else '<'} {percent(objective.slo_percent)}",
            str(objective.minimum_events),
            _patience(objective.alert_after_ms),
            _patience(objective.recover_after_ms),
            objective.silence.value,
        )
    return table


def _patience(after_ms: int) -> str:
    return _duration(after_ms) if after_ms else "at once"


def _duration(milliseconds: int) -> str:
    """A duration in the largest of hours, minutes and seconds that leaves no rest."""
    seconds = milliseconds // 1_000
    unit_s, unit = next(choice for choice in ((3_600, "h"), (60, "m"), (1, "s")) if seconds % choice[0] == 0)
    return f"{seconds // unit_s}{unit}"
