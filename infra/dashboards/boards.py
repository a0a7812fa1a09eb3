"""The boards: the fleet as the evaluator sees it, the way of an event, and each kind of service on it."""

from typing import Any, Final

from infra.dashboards.board import Panel, Query, Unit, board
from infra.dashboards.queries import OF, increase, quantiles, rate
from infra.dashboards.services import GATEWAY, HISTORY_AND_NOTIFIER, PIPELINE, PROBER

_RECORDS: Final = "slo_streams_records_total"
_BAD: Final = '{job=~"$job",topic=~"$topic",outcome="bad"}'


def boards() -> dict[str, dict[str, Any]]:
    """Every board by the name of its file."""
    return {
        "fleet": board(
            "slo-streams-fleet",
            "slo-streams: the fleet",
            "What is breached, how much is told, and what of it cannot be used.",
            _FLEET,
            jobs_of=_RECORDS,
            topics_of=_RECORDS,
        ),
        "pipeline": board(
            "slo-streams-pipeline",
            "slo-streams: the way of an event",
            "From producers through judging and history to whoever is told: where it is held up.",
            PIPELINE,
            jobs_of="slo_streams_build_info",
        ),
        "workers": board(
            "slo-streams-workers",
            "slo-streams: the workers",
            "Whether everything is judged, how far behind, and what it costs.",
            _WORKERS,
            jobs_of=_RECORDS,
            topics_of=_RECORDS,
        ),
        "gateway": board(
            "slo-streams-gateway",
            "slo-streams: the gateway",
            "Who publishes over HTTP, what is refused, and how quickly brokers confirm.",
            GATEWAY,
            jobs_of="slo_streams_gateway_waiting_bytes",
        ),
        "prober": board(
            "slo-streams-prober",
            "slo-streams: the prober",
            "Whether every URL is checked in time, and whether the prober may be believed.",
            PROBER,
            jobs_of="slo_streams_prober_checks_total",
        ),
        "history-and-notifier": board(
            "slo-streams-history-and-notifier",
            "slo-streams: history and notifier",
            "What is stored in PostgreSQL, and what of it is delivered.",
            HISTORY_AND_NOTIFIER,
            jobs_of="slo_streams_database_away_seconds",
        ),
    }


def _by_topic(title: str, about: str, unit: Unit, expr: str) -> Panel:
    return Panel(title, about, unit, (Query(expr, "{{topic}}"),))


_FLEET: Final = (
    Panel(
        "Open breaches",
        "Objectives of apps that are breached now. `slo-streams alerts list --open` names them.",
        "short",
        (Query(f"sum(slo_streams_open_breaches{OF})", "open"),),
        "stat",
        third=True,
    ),
    Panel(
        "Series",
        "Apps and scopes with events in their windows.",
        "short",
        (Query(f"sum(slo_streams_series{OF})", "series"),),
        "stat",
        third=True,
    ),
    Panel(
        "Events a second",
        "What producers send and the evaluator reads.",
        "reqps",
        (Query(f"sum(rate(slo_streams_records_total{OF}[$__rate_interval]))", "events"),),
        "stat",
        third=True,
    ),
    _by_topic(
        "Open breaches by topic",
        "Many at once in one topic point to a cause that apps share: look at its incidents.",
        "short",
        f"sum by (topic) (slo_streams_open_breaches{OF})",
    ),
    Panel(
        "Alerts",
        "Breaches and recoveries, by why they were published. EXCLUDED: what was breached does not count after all.",
        "short",
        (
            Query(
                increase("alerts_total", "kind, reason"),
                "{{kind}} {{reason}}",
            ),
        ),
    ),
    _by_topic(
        "Events by topic", "A topic that falls to nothing has lost its producer.", "reqps", rate("records_total")
    ),
    Panel(
        "Rejected",
        "Records that could not be used, by reason. `slo-streams rejected list --reason R` shows them.",
        "reqps",
        (Query(rate("rejected_total", "reason"), "{{reason}}"),),
    ),
    Panel(
        "Events by verdict",
        "counted: they enter a window; all else is left out for the reason named.",
        "reqps",
        (Query(rate("events_total", "verdict"), "{{verdict}}"),),
    ),
    Panel(
        "Bad events by topic",
        "The share of events that are bad, over all apps. A step in all topics at once is the platform's.",
        "percentunit",
        (
            Query(
                f"{rate('outcomes_total', of=_BAD)} / {rate('outcomes_total')}",
                "{{topic}}",
            ),
        ),
    ),
    _by_topic(
        "Sent on to their partition",
        "Producers that place records otherwise than by key: each costs two writes. Mend the producer.",
        "reqps",
        rate("rerouted_total"),
    ),
)

_WORKERS: Final = (
    Panel(
        "Partitions in hand",
        "Less than before, and for longer than a rebalance: partitions that nobody judges.",
        "short",
        (Query(f"sum by (topic) (slo_streams_partitions{OF})", "{{topic}}"),),
    ),
    _by_topic(
        "Records not yet read",
        "Growing: add workers, up to one a partition.",
        "short",
        f"sum by (topic) (slo_streams_lag_records{OF})",
    ),
    Panel(
        "From due to published",
        "From the boundary + lateness of an alert to its commit.",
        "s",
        quantiles("alert_delay", (0.5, 0.99)),
    ),
    Panel("Duration of commits", "The brokers' transactions, mostly.", "s", quantiles("commit", (0.5, 0.99))),
    _by_topic(
        "Oldest work without a commit",
        "Above SLO_WATCHDOG the worker ends.",
        "s",
        f"max by (topic) (slo_streams_commit_age_seconds{OF})",
    ),
    _by_topic(
        "Time seen by the events",
        "Of the partition that is furthest behind. It stands: a producer's clock is wrong, or nothing comes.",
        "dateTimeFromNow",
        f"1000 * min by (topic) (slo_streams_watermark_seconds{OF})",
    ),
    Panel(
        "CPU",
        "A core each at most: a worker in a backlog uses all of one.",
        "percentunit",
        (Query('rate(process_cpu_seconds_total{job=~"$job"}[$__rate_interval])', "{{instance}}"),),
    ),
    Panel(
        "Memory",
        "About 1 KB a series beside the program itself.",
        "bytes",
        (Query('process_resident_memory_bytes{job=~"$job"}', "{{instance}}"),),
    ),
    Panel(
        "Since anything was heard",
        "From the group, from brokers, from the catalogue. After minutes the worker ends, and is started anew.",
        "s",
        tuple(
            Query(f'max by (instance) (slo_streams_{name}_seconds{{job=~"$job"}})', f"{what} {{{{instance}}}}")
            for name, what in (
                ("group_heartbeat_age", "group"),
                ("fetch_age", "fetch"),
                ("reference_wait", "catalogue"),
                ("brokers_away", "brokers away"),
            )
        ),
    ),
    Panel("Take-overs", "How long a partition was judged by nobody.", "s", quantiles("restore", (0.5, 0.99))),
    Panel(
        "Rows written and read back",
        "Written with each commit; read back when partitions are taken over.",
        "reqps",
        (Query(rate("rows_total"), "written {{topic}}"), Query(rate("restored_rows_total"), "read back {{topic}}")),
    ),
)
