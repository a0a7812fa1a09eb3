"""The panes of a series as `slo-streams explain` and `slo-streams windows` show them."""

from collections.abc import Callable, Iterable
from typing import Final

from rich.text import Text

from streams.cli.shared.table import Column, Table
from streams.cli.shared.text import duration_text, printable, utc_text
from streams.names import IFRAME, Metric
from streams.tables.stored import StoredTable
from streams.tables.tables import Pane

_SHOWN: Final = 30


def series_title(app_key: str, metric: Metric, scope: str) -> Text:
    """`com.acme.charts  Jira Webhook Delivery Success Rate`; the scope where the name of the metric has none."""
    name = metric.display_name(printable(scope))
    rest = "" if name != metric.title else f"  {printable(scope)}"
    return Text(f"{printable(app_key)}  {name}{rest}", "bold")


def pane_table(stored: StoredTable, panes: Iterable[Pane], verdict: Callable[[Pane], str] | None = None) -> Table:
    """The last panes, and what is said of each; who reported, where the host and the app may."""
    columns = [
        Column(f"pane of {duration_text(stored.table.pane_ms)}"),
        Column("good", is_number=True),
        Column("bad", is_number=True),
    ]
    if stored.metric is IFRAME:
        columns.append(Column("reported by"))
    if verdict is not None:
        columns.append(Column("counts"))
    table, in_order = Table(*columns), sorted(panes)
    for pane in in_order[-_SHOWN:]:
        cells = [utc_text(pane.start_ms), f"{pane.good:,}", f"{pane.bad:,}"]
        if stored.metric is IFRAME:
            cells.append("the app" if pane.by_app else "the host")
        if verdict is not None:
            cells.append(verdict(pane))
        table.add(*cells)
    if len(in_order) > _SHOWN:
        table.add(f"{len(in_order) - _SHOWN:,} earlier: --json")
    return table
