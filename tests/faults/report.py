"""What came of the rows, as a table."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from tests.faults.matrix import LEFT_OUT
from tests.faults.row import Outcome
from tests.faults.verdict import INVARIANTS

_COLUMNS = ("times", "events", "alerts", "lost", "duplicated", "wrong", "recovery s", "took s")


def print_report(outcomes: Sequence[Outcome], console: Console) -> None:
    """A line for each row, then what was measured, what was checked, what was left out, and what went wrong."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("fault", no_wrap=True)
    table.add_column("", no_wrap=True)
    for name in _COLUMNS:
        table.add_column(name, justify="right")
    table.add_column("exits")
    table.add_column("")
    for outcome in outcomes:
        verdict = outcome.verdict
        recovery = "-" if outcome.recovery_s is None else f"{outcome.recovery_s:.1f}"
        counts = (outcome.injected, verdict.events, verdict.alerts, verdict.lost, verdict.duplicated, verdict.wrong)
        exits = ", ".join(f"{code}: {count}" for code, count in sorted(outcome.exits.items()))
        table.add_row(
            outcome.row,
            outcome.answers,
            *(f"{count:,}" for count in counts),
            recovery,
            f"{outcome.took_s:.0f}",
            exits,
            status(outcome),
        )
    console.print(table)
    for outcome in outcomes:
        if outcome.figures:
            console.print(
                f"{outcome.row}: " + ", ".join(f"{name} {_number(it)}" for name, it in outcome.figures.items())
            )
        for goal in outcome.missed:
            console.print(f"{outcome.row}: goal missed: {goal}")
    console.print("\nChecked in every row, as far as it goes on from the state:")
    for name, sentence in INVARIANTS.items():
        console.print(f"  {name}  {sentence}", highlight=False)
    console.print("Left out:")
    for name, reason in LEFT_OUT.items() | {(one.row, one.left_out) for one in outcomes if one.left_out}:
        console.print(f"  {name}: {reason}", highlight=False)
    for outcome in outcomes:
        if outcome.problem:
            console.print(f"{outcome.row}: {outcome.problem}", highlight=False, markup=False)


def status(outcome: Outcome) -> str:
    """How it went, in a word or two."""
    if outcome.left_out:
        return "left out"
    return "FAILED" if outcome.problem else "held"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"
