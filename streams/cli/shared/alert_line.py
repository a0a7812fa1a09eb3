"""An alert as one line for people: when, what happened, to whom, and the numbers it was judged on."""

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.text import Text

from schemas import Alert
from streams.cli.shared.table import GAP, flow
from streams.cli.shared.text import duration_text, is_piped, percent, printable
from streams.names import METRICS

_STYLES: Final = {"BREACH": "bold red", "RECOVERY": "bold green"}
_MOST_DECIMALS: Final = 9
_INDENT: Final = 11  # columns, of all lines but the first: below what happened


def print_alert(out: Console, alert: Alert, *, with_date: bool = False, excluded_by: Sequence[str] = ()) -> None:
    """Print it as one line, or where the terminal is narrower as several, broken between its fields; times are UTC.

    12:05:00Z  BREACH    com.acme.charts  Charts by Acme  Jira Webhook Delivery Success Rate  97.3 % < 99 %
    (250 good, 7 bad in 15m)  incident FOotlQrY5ZQ
    """
    fields = _fields(alert, with_date=with_date, excluded_by=excluded_by)
    for number, line in enumerate([GAP.join(fields)] if is_piped(out) else flow(fields, out.width - _INDENT)):
        line.pad_left(_INDENT if number else 0)
        out.print(line, soft_wrap=True)


def _fields(alert: Alert, *, with_date: bool, excluded_by: Sequence[str]) -> list[Text]:
    time = alert.time.replace("T", " ") if with_date else alert.time.partition("T")[2]
    app = alert.app_details
    # An app that the catalogue does not know has no names.
    names = [] if app.partner_name is None else [f"{printable(app.name)} by {printable(app.partner_name)}"]
    return [
        Text.assemble((f"{time}  ", "dim"), (f"{alert.type:<8}", _STYLES[alert.type])),
        Text(printable(alert.app_key), "bold"),
        *map(Text, [*names, metric_text(alert), *_verdict(alert, excluded_by)]),
        Text(f"incident {alert.incident_id}", "dim"),
    ]


def metric_text(alert: Alert) -> str:
    """The metric by its name for people, and the scope where that name has none: the base URL."""
    metric = METRICS.get(alert.metric_id)
    is_scope_named = metric is not None and metric.display_name(alert.scope) != metric.title
    return printable(alert.metric_name if is_scope_named else f"{alert.metric_name} {alert.scope}")


def _verdict(alert: Alert, excluded_by: Sequence[str]) -> list[str]:
    window = duration_text(alert.measurement_duration_seconds * 1_000)
    counts = f"({alert.good_count:,} good, {alert.bad_count:,} bad in {window})"
    match alert.reason:
        case "NO_DATA":
            return [f"no events in {window}"]
        case "EXCLUDED":
            by = f" by {', '.join(map(printable, excluded_by))}" if excluded_by else ""
            return [f"what failed is left out{by}: planned downtime, or a fault of the platform", counts]
        case "RETIRED":
            return [f"retired: objective {printable(alert.objective)}, or what it was judged of, was removed", counts]
    if alert.sli_value is None:
        return [counts]
    return [_comparison(alert.type, alert.sli_value, alert.slo_value), counts]


def _comparison(kind: str, sli: float, slo: float) -> str:
    """`97.3 % < 99 %`, with one decimal, or as many as it takes to see on which side of the objective the SLI is."""
    sign = ">=" if kind == "RECOVERY" else "<" if sli < slo else "<="
    decimals = next((n for n in range(1, _MOST_DECIMALS) if _side(round(sli, n), slo) == _side(sli, slo)), None)
    shown = sli if decimals is None else round(sli, decimals)
    return f"{percent(shown)} {sign} {percent(slo)}"


def _side(sli: float, slo: float) -> int:
    return (sli > slo) - (sli < slo)
