"""A report as the JSON object of the API; the command prints the same. Pure."""

from typing import Any

from schemas.event_time import utc_text, utc_text_if_any
from streams.history.documents import decimal_text
from streams.incidents.measures import means_document
from streams.reports.report import Breach, Report, SliMonth


def report_document(report: Report) -> dict[str, Any]:
    """The whole of it."""
    return {
        "asOf": utc_text_if_any(report.as_of_ms),
        "partner": report.partner,
        "partnerName": report.partner_name,
        "month": report.month,
        "items": [_item(item) for item in report.items],
        "notices": [
            {"kind": one.kind, "appKey": one.app_key, "time": utc_text(one.time_ms), "subject": one.subject}
            for one in report.notices
        ],
        "incidents": {
            **means_document(report.incidents),
            "apps": [{"appKey": one.name, **means_document(one)} for one in report.of_apps],
        },
    }


def _item(item: SliMonth) -> dict[str, Any]:
    budget = item.budget
    return {
        "appKey": item.app_key,
        "appName": item.app_name,
        "metricId": item.level.metric,
        "scope": item.scope,
        "slo": item.level.name,
        "target": decimal_text(item.level.target),
        "goodCount": item.counts.good,
        "badCount": item.counts.bad,
        "attainment": item.attainment,
        "met": budget.is_met if budget.has_data else None,
        "consumed": None if budget.consumed is None else float(budget.consumed),
        "breaches": len(item.breaches),
        "timeToDetectSeconds": item.time_to_detect_s,
        "timeToTellSeconds": item.time_to_tell_s,
        "timeToRecoverSeconds": item.time_to_recover_s,
        "incidents": [_incident(item, breach) for breach in item.breaches],
    }


def _incident(item: SliMonth, breach: Breach) -> dict[str, Any]:
    return {
        "incidentId": breach.incident_id,
        "objective": breach.objective,
        "severity": breach.severity,
        "breachedAt": utc_text(breach.breached_ms),
        "toldAt": utc_text_if_any(breach.told_ms),
        "recoveredAt": utc_text_if_any(breach.recovered_ms),
        "recoveryReason": breach.reason,
        "timeToDetectSeconds": item.detected_s(breach),
    }
