"""Panels of the services beside the workers, and of the whole way of an event through all of them."""

from typing import Final

from infra.dashboards.board import Panel, Query, Unit
from infra.dashboards.queries import JOB, increase, quantiles, rate


def _lines(title: str, about: str, unit: Unit, expr: str, legend: str) -> Panel:
    return Panel(title, about, unit, (Query(expr, legend),))


def _counted(title: str, about: str, name: str, by: str) -> Panel:
    """How many a second, a line for each of the labels `by`."""
    return _lines(title, about, "reqps", rate(name, by, JOB), _legend(by))


def _gauge(title: str, about: str, unit: Unit, name: str, by: str, how: str = "max") -> Panel:
    return _lines(title, about, unit, f"{how} by ({by}) (slo_streams_{name}{JOB})", _legend(by))


def _legend(by: str) -> str:
    return " ".join(f"{{{{{label}}}}}" for label in by.split(", "))


_LEFT: Final = _gauge(
    "Left to read",
    "Growing: the service is too slow for what comes in, or stands still. Its own board says why.",
    "short",
    "lag_records",
    "job, topic",
    "sum",
)
_DELIVERED: Final = _counted(
    "Attempts to deliver",
    "later: tried again; refused: a dead letter; unauthorised: the target's token is not valid any longer.",
    "delivery_attempts_total",
    "channel, outcome",
)
_LONGEST_WAIT: Final = _gauge(
    "Longest wait of a delivery",
    "Minutes: a channel does not get through. `slo-streams deliveries list --state due` shows what waits.",
    "s",
    "deliveries_oldest_due_seconds",
    "channel",
)

PIPELINE: Final = (
    Panel(
        "Come in over HTTP and by probing",
        "What the gateway confirmed and the prober checked. Producers of their own appear in what is read.",
        "reqps",
        (
            Query(rate("gateway_events_total", of=JOB), "gateway {{topic}}"),
            Query(
                'sum(rate(slo_streams_prober_checks_total{job=~"$job",outcome!="refused"}[$__rate_interval]))', "prober"
            ),
        ),
    ),
    _counted(
        "Read by each service",
        "Workers and history read the same events, so their lines of a topic run together.",
        "records_total",
        "job, topic",
    ),
    _LEFT,
    _gauge(
        "Partitions in hand",
        "Each service has all of them. Less for longer than a rebalance: some are read by nobody.",
        "short",
        "partitions",
        "job, topic",
        "sum",
    ),
    Panel(
        "Alerts published",
        "By the workers, and for long objectives and budgets by the history.",
        "short",
        (
            Query(increase("alerts_total", "kind", JOB), "worker {{kind}}"),
            Query(increase("history_alerts_total", "kind", JOB), "history {{kind}}"),
        ),
    ),
    Panel(
        "From due to published",
        "From the boundary + lateness of an alert to its commit.",
        "s",
        quantiles("alert_delay", (0.5, 0.99), JOB),
    ),
    _DELIVERED,
    _LONGEST_WAIT,
    _lines(
        "Started anew",
        "Starts within an hour. The log of each ends with the reason.",
        "short",
        f"changes(process_start_time_seconds{JOB}[1h])",
        "{{job}} {{instance}}",
    ),
    _gauge(
        "Versions",
        "More than one for longer than a roll-out: a part was forgotten.",
        "short",
        "build_info",
        "job, version",
        "count",
    ),
)

GATEWAY: Final = (
    _counted(
        "Calls",
        "By endpoint and outcome: ok, partly, or the code of the problem they were answered with.",
        "gateway_requests_total",
        "endpoint, outcome",
    ),
    _counted(
        "Events confirmed",
        "By topic and producer. A producer that falls to nothing was cut off, or has lost its token.",
        "gateway_events_total",
        "topic, producer",
    ),
    Panel(
        "Time to confirm",
        "Of the brokers, for the events of a call. Callers wait as long.",
        "s",
        quantiles("gateway_confirm", (0.5, 0.99), JOB),
    ),
    _gauge(
        "Not confirmed yet",
        "At its limit the gateway answers 503: brokers are away, or too slow for what comes in.",
        "bytes",
        "gateway_waiting_bytes",
        "instance",
    ),
    _gauge(
        "Installations",
        "That may publish. Gateways that differ for long: one of them does not follow the topic of installations.",
        "short",
        "gateway_installations",
        "instance",
    ),
    _lines(
        "CPU",
        "A core each at most.",
        "percentunit",
        f"rate(process_cpu_seconds_total{JOB}[$__rate_interval])",
        "{{instance}}",
    ),
)

PROBER: Final = (
    _counted(
        "Checks",
        "By outcome. refused: of URLs that must not be called; the log names them.",
        "prober_checks_total",
        "outcome",
    ),
    _counted(
        "Left out",
        "Checks that count for nobody, as the prober itself may be the reason. late and busy: start another prober.",
        "prober_left_out_total",
        "kind",
    ),
    Panel(
        "Later than planned",
        "By how much checks begin after their moment. Above a second: start another prober.",
        "s",
        quantiles("prober_schedule_delay", (0.5, 0.99), JOB),
    ),
    _gauge("URLs", "Shared evenly in the group of probers.", "short", "prober_urls", "instance"),
    _gauge(
        "Kept back",
        "Results that are not reported, as too much failed at once: look at the prober's way out.",
        "short",
        "prober_suspended_results",
        "instance",
    ),
    _gauge(
        "Since the group was heard",
        "After a session timeout it checks nothing, for another may have its URLs.",
        "s",
        "prober_group_heartbeat_age_seconds",
        "instance",
    ),
)

HISTORY_AND_NOTIFIER: Final = (
    _counted("Stored", "Records of Kafka that went into PostgreSQL.", "records_total", "job, topic"),
    _LEFT,
    Panel(
        "Duration of commits",
        "Of PostgreSQL, mostly; with alerts of the history, of Kafka, too.",
        "s",
        quantiles("commit", (0.5, 0.99), JOB),
    ),
    _gauge(
        "Database away",
        "After SLO_BROKER_PATIENCE the service ends, and is started anew.",
        "s",
        "database_away_seconds",
        "job, instance",
    ),
    _gauge(
        "Rows to fold",
        "Appended by commits; some dozens of a series become one. If it only rises, folding does not keep up.",
        "short",
        "history_rows_to_fold",
        "instance",
    ),
    _lines(
        "Alerts of the history",
        "Of long objectives and of budget levels.",
        "short",
        increase("history_alerts_total", "kind, reason", JOB),
        "{{kind}} {{reason}}",
    ),
    _DELIVERED,
    _gauge(
        "Deliveries that wait",
        "`slo-streams deliveries list --state due` shows them, and `deliveries show` what was answered.",
        "short",
        "deliveries_due",
        "channel",
    ),
    _LONGEST_WAIT,
    _gauge(
        "Dead letters",
        "Nobody is told of them any more, until somebody runs `slo-streams deliveries retry`.",
        "short",
        "deliveries_dead",
        "channel",
    ),
    _gauge(
        "Paused",
        "Servers or targets where nothing gets through; they are tried now and then.",
        "short",
        "deliveries_paused",
        "channel",
    ),
)
