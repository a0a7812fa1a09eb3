"""`slo-streams objectives`: look at an objectives file before a worker does."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from streams.cli.shared.json_text import print_json
from streams.cli.shared.table import Column, Table
from streams.cli.shared.text import console, percent
from streams.evaluation.objective import Judge, Objective
from streams.objectives import InvalidObjectivesError, Objectives, read_objectives
from streams.objectives.load import DEFAULT, SHIPPED
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
        str,
        typer.Argument(
            metavar="FILE",
            envvar="SLO_OBJECTIVES",
            help=f"An OpenSLO v1 file, or several, separated by commas; {' and '.join(SHIPPED)} are shipped.",
        ),
    ] = DEFAULT,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON array, one object for each objective.")] = False,
) -> None:
    """Check objectives files and show how they are understood.

    Prints one row for each objective, those left to history, and what was read and is not used; or every problem as
    `file:line: field: what to change`.

    \b
    Examples:
      slo-streams objectives check my-objectives.yaml
      slo-streams objectives check default,burn-rate

    \b
    Exit codes:
      0  it can be used
      1  it cannot be used; nothing but the reasons is shown
      2  wrong options
    """
    try:
        objectives = read_objectives(file)
    except InvalidObjectivesError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if as_json:
        documents = [_document(one) for one in objectives.all]
        print_json(documents)
        return
    out = console()
    if objectives.all:
        _table(objectives.all).print(out)
        out.print()
    out.print(_summary(file, objectives), soft_wrap=True)


def _document(one: Objective) -> dict[str, Any]:
    return {
        "objective": one.name,
        "metricId": one.metric,
        "windowMillis": one.window_ms,
        "shortWindowMillis": one.short_ms,
        "hopMillis": one.hop_ms,
        "sloValue": one.slo_percent,
        "isBreachedAtBudget": one.breach_at_budget,
        "minimumEvents": one.minimum_events,
        "alertAfterMillis": one.alert_after_ms,
        "recoverAfterMillis": one.recover_after_ms,
        "silence": one.silence,
        "severity": one.severity,
        "service": one.service,
        "judgedBy": one.judge,
    }


def _summary(source: str, objectives: Objectives) -> str:
    """What the table does not show, line by line."""
    said = number_of(len(objectives.all), "objective")
    lines = [f"{source}: {said}, no problems. A window is judged at every hop."]
    left = objectives.of(Judge.HISTORY)
    if left:
        lines.append(f"Left to history, which `slo-streams history` judges: {', '.join(one.name for one in left)}")
    levels = {level.name: level.budget_levels for level in objectives.service_levels if level.budget_levels}
    for name, percents in levels.items():
        lines.append(f"History alerts on the budget of {name} at {', '.join(map(str, percents))} %")
    if objectives.unused:
        lines += ["", "Read and not used:", *(f"  {remark}" for remark in objectives.unused)]
    return "\n".join(lines)


def _table(objectives: Sequence[Objective]) -> Table:
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
        Column("severity", rank=2),
        Column("judged by", rank=1),
    )
    for objective in objectives:
        short = f" and {_duration(objective.short_ms)}" if objective.short_ms else ""
        table.add(
            objective.name,
            objective.metric,
            _duration(objective.window_ms) + short,
            _duration(objective.hop_ms),
            f"SLI {'<=' if objective.breach_at_budget else '<'} {percent(objective.slo_percent)}",
            str(objective.minimum_events),
            _patience(objective.alert_after_ms),
            _patience(objective.recover_after_ms),
            objective.silence.value,
            objective.severity,
            objective.judge.value,
        )
    return table


def _patience(after_ms: int) -> str:
    return _duration(after_ms) if after_ms else "at once"


def _duration(milliseconds: int) -> str:
    """A duration in the largest of hours, minutes and seconds that leaves no rest."""
    seconds = milliseconds // 1_000
    unit_s, unit = next(choice for choice in ((3_600, "h"), (60, "m"), (1, "s")) if seconds % choice[0] == 0)
    return f"{seconds // unit_s}{unit}"
