"""An alert as one line for people: when, what happened, to whom, and the numbers it was judged on."""

from typing import Final

from rich.text import Text

from schemas import Alert
from streams.cli.shared.text import duration_text, percent, printable
from streams.names import METRICS

_STYLES: Final = {"BREACH": "bold red", "RECOVERY": "bold green"}
_MOST_DECIMALS: Final = 9


def alert_line(alert: Alert, *, with_date: bool = False) -> Text:
    """The alert as a line, coloured where it is printed to a terminal; times are UTC.

    12:05:00Z  BREACH    com.acme.charts  Charts by Acme  Jira Webhook Delivery Success Rate  97.3 % < 99 %
    (250 good, 7 bad in 15m)  incident FOotlQrY5ZQ
    """
    metric = METRICS.get(alert.metric_id)
    is_scope_named = metric is not None and metric.display_name(alert.scope) != metric.title
    scope = "" if is_scope_named else f" {printable(alert.scope)}"
    time = alert.time.replace("T", " ") if with_date else alert.time.partition("T")[2]
    return Text.assemble(
        (f"{time}  ", "dim"),
        (f"{alert.type:<8}  ", _STYLES[alert.type]),
        (printable(alert.app_key), "bold"),
        f"{_names(alert)}  {printable(alert.metric_name)}{scope}  {_verdict(alert)}  ",
        (f"incident {alert.incident_id}", "dim"),
    )


def _names(alert: Alert) -> str:
    """Names of app and partner as the catalogue has them; empty for an app it does not know."""
    app = alert.app_details
    return "" if app.partner_name is None else f"  {printable(app.name)} by {printable(app.partner_name)}"


def _verdict(alert: Alert) -> str:
    window = duration_text(alert.measurement_duration_seconds * 1_000)
    counts = f"({alert.good_count:,} good, {alert.bad_count:,} bad in {window})"
    match alert.reason:
        case "NO_DATA":
            return f"no events in {window}"
        case "EXCLUDED":
            return f"what failed does not count: planned downtime, or a fault of the platform  {counts}"
        case "RETIRED":
            return f"objective {printable(alert.objective)} was removed  {counts}"
    if alert.sli_value is None:
        return counts
    return f"{_comparison(alert.type, alert.sli_value, alert.slo_value)}  {counts}"


def _comparison(kind: str, sli: float, slo: float) -> str:
    """`97.3 % < 99 %`, with one decimal, or as many as it takes to see on which side of the objective the SLI is."""
    sign = ">=" if kind == "RECOVERY" else "<" if sli < slo else "<="
    decimals = next((n for n in range(1, _MOST_DECIMALS) if _side(round(sli, n), slo) == _side(sli, slo)), None)
    shown = sli if decimals is None else round(sli, decimals)
    return f"{percent(shown)} {sign} {percent(slo)}"


def _side(sli: float, slo: float) -> int:
    return (sli > slo) - (sli < slo)
