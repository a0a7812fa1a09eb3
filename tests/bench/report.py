"""Results for people: a table in a terminal, plain lines elsewhere."""

from collections.abc import Iterator
from statistics import median

from rich.console import Console
from rich.table import Table

from tests.bench.results import Goal, Results


def print_report(results: Results, console: Console) -> None:
    """Medians with their range, then the goals."""
    if console.is_terminal:
        table = Table("", "", box=None, pad_edge=False)
        table.add_column("median", justify="right")
        table.add_column("from", justify="right")
        table.add_column("to", justify="right")
        for row in rows(results):
            table.add_row(*row)
        console.print(table)
    else:
        for part, what, middle, least, greatest in rows(results):
            console.out(f"{part}: {what}: {middle} ({least} to {greatest})", highlight=False)
    console.print()
    for line in goal_lines(results):
        console.print(line, highlight=False, style="green" if line.startswith("reached") else "red")


def rows(results: Results) -> Iterator[tuple[str, str, str, str, str]]:
    """Part, what is measured, median, least, greatest."""
    for (part, what), values in results.values.items():
        yield part, what, number(median(values)), number(min(values)), number(max(values))


def goal_lines(results: Results) -> Iterator[str]:
    """One sentence for each goal."""
    for goal, name, value, reached in results.judged():
        verdict = "reached" if reached else "NOT reached"
        yield f"{verdict}: {': '.join(name)} {number(value)}, goal {_bounds(goal)}"


def _bounds(goal: Goal) -> str:
    bounds = [("at least", goal.at_least), ("at most", goal.at_most)]
    return ", ".join(f"{word} {number(bound)}" for word, bound in bounds if bound is not None)


def number(value: float) -> str:
    """Three digits, or all before the point: 412,345 and 17.2 and 1.03."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def short(value: float) -> str:
    """Three digits: 4,000,000 is '4M', 512,345 is '512k', 5,912 '5.91k'."""
    for limit, unit in ((1e6, "M"), (1e3, "k")):
        if value >= limit * 0.9995:
            return f"{value / limit:.3g}{unit}"
    return f"{value:.3g}"


def label_text(label: str) -> str:
    """What was varied, as charts and tables write it: numbers short, names as they are."""
    return short(float(label)) if label.isdigit() else label
