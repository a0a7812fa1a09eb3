"""What came of the faults, as a table."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from tests.faults.fault import Outcome


def print_report(outcomes: Sequence[Outcome], console: Console) -> None:
    """A line for each fault, then what went wrong."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("fault", no_wrap=True)
    for name in ("times", "events", "alerts", "lost", "duplicated", "wrong", "recovery s", "took s"):
        table.add_column(name, justify="right")
    table.add_column("exits")
    table.add_column("")
    for outcome in outcomes:
        verdict = outcome.verdict
        recovery = "-" if outcome.recovery_s is None else f"{outcome.recovery_s:.1f}"
        counts = (outcome.injected, verdict.events, verdict.alerts, verdict.lost, verdict.duplicated, verdict.wrong)
        exits = ", ".join(f"{code}: {count}" for code, count in sorted(outcome.exits.items()))
        table.add_row(
            outcome.fault,
            *(f"{count:,}" for count in counts),
            recovery,
            f"{outcome.took_s:.0f}",
            exits,
            "FAILED" if outcome.problem else "held",
        )
    console.print(table)
    for outcome in outcomes:
        if outcome.problem:
            console.print(f"{outcome.fault}: {outcome.problem}", highlight=False, markup=False)
