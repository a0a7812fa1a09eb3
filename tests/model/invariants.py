"""What must hold of any list of alerts, whatever the log was."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise

from tests.model.alert import Alert


def violations(alerts: Iterable[Alert]) -> list[str]:
    """Every broken invariant of the alerts of one topic-partition, in words; empty when all hold."""
    published = list(alerts)
    return [*repeated_incidents(published), *broken_pairs(published), *out_of_order(published)]


def repeated_incidents(alerts: Iterable[Alert]) -> list[str]:
    """An incident id is published at most once as a breach and at most once as a recovery."""
    seen: set[tuple[str, str]] = set()
    found = []
    for alert in alerts:
        mark = (alert["incidentId"], alert["type"])
        if mark in seen:
            found.append(f"{_label(alert)}: incident {alert['incidentId']} published twice as {alert['type']}")
        seen.add(mark)
    return found


def broken_pairs(alerts: Iterable[Alert]) -> list[str]:
    """Per series and objective breach and recovery alternate, breach first; a recovery names its own breach."""
    found = []
    of_series: defaultdict[tuple[str, ...], list[Alert]] = defaultdict(list)
    for alert in alerts:
        of_series[tuple(alert[name] for name in ("appKey", "metricId", "scope", "objective"))].append(alert)
    for history in of_series.values():
        open_breach: Alert | None = None
        for alert in history:
            if alert["type"] == "BREACH":
                if open_breach is not None:
                    found.append(f"{_label(alert)}: breached while already in breach")
                if alert["breachedAt"] != alert["time"]:
                    found.append(f"{_label(alert)}: breachedAt {alert['breachedAt']} is not its time")
                open_breach = alert
            elif open_breach is None:
                found.append(f"{_label(alert)}: recovered without a breach")
            else:
                found.extend(
                    f"{_label(alert)}: {name} {alert[name]} is not that of its breach, {open_breach[name]}"
                    for name in ("incidentId", "breachedAt")
                    if alert[name] != open_breach[name]
                )
                if alert["time"] <= open_breach["time"]:
                    found.append(f"{_label(alert)}: recovered no later than it breached")
                open_breach = None
    return found


def out_of_order(alerts: Iterable[Alert]) -> list[str]:
    """In one topic-partition alerts come by boundary, then metric, app, scope and objective in byte order."""
    published = list(alerts)
    return [
        f"{_label(after)}: published after {_label(before)}"
        for before, after in pairwise(published)
        if boundary_order(before) >= boundary_order(after)
    ]


def boundary_order(alert: Alert) -> tuple[bytes, ...]:
    """Sort key of alerts in one topic-partition; times in UTC with seconds sort as text."""
    return tuple(alert[name].encode() for name in ("time", "metricId", "appKey", "scope", "objective"))


def _label(alert: Alert) -> str:
    return f"{alert['type']} of {alert['appKey']} {alert['scope']} {alert['objective']} at {alert['time']}"
