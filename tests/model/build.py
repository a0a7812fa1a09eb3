"""Records and objectives for examples: everything happens on 2 March 2026, UTC, in one partition."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

import orjson

from streams.evaluation.objective import Objective, Silence
from streams.names import AVAILABILITY, IFRAME, INSTALLATION, METRICS, WEBHOOK, Topics
from tests.model.alert import Alert
from tests.model.record import Record

MIDNIGHT_MS = 1_772_409_600_000  # 2026-03-02T00:00:00Z
MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS

DEFAULTS = {
    objective.name: replace(objective, service="marketplace-apps")
    for objective in (
        Objective(
            "app-availability-15m", AVAILABILITY.id, 15 * MINUTE_MS, MINUTE_MS, Fraction(1, 1000), silence=Silence.HOLD
        ),
        Objective("iframe-load-15m", IFRAME.id, 15 * MINUTE_MS, MINUTE_MS, Fraction(5, 100)),
        Objective("installation-callback-24h", INSTALLATION.id, DAY_MS, 5 * MINUTE_MS, Fraction(1, 100)),
        Objective("webhook-delivery-15m", WEBHOOK.id, 15 * MINUTE_MS, MINUTE_MS, Fraction(1, 100)),
    )
}
"""The objectives of the programme, by name."""


def defaults_of(metric_id: str) -> list[Objective]:
    """Those of one metric."""
    return [objective for objective in DEFAULTS.values() if objective.metric == metric_id]


ORDINARY: dict[str, dict[str, Any]] = {
    AVAILABILITY.id: {"baseUrl": "https://app.example.com", "statusCode": 200, "durationInMillis": 120},
    IFRAME.id: {
        "product": "Jira",
        "clientKey": "c-1",
        "moduleType": "generalPages",
        "source": "HOST",
        "bridgeInMillis": 900,
    },
    INSTALLATION.id: {"product": "Jira", "clientKey": "c-1", "lifecycle": "installed", "statusCode": 200},
    WEBHOOK.id: {"product": "Jira", "clientKey": "c-1", "event": "issue_created", "statusCode": 204},
}
"""One good, counted event of each metric, without app and time."""


LISTED: dict[str, Any] = {
    "name": "Example App",
    "partnerName": "Example",
    "email": "on-call@example.com",
    "healthcheckUrls": [],
    "excludedClientKeys": [],
}
"""An app of the catalogue, without its key."""


def clock_ms(text: str) -> int:
    """Epoch milliseconds of `12:00`, `12:00:30`, `12:00:59.999`, or `+1d 00:05`, `-1d 00:05` another day."""
    day, _, time = text.rpartition(" ")
    days = int(day.removeprefix("+").removesuffix("d") or 0)
    hours, minutes, seconds = (float(part) for part in f"{time}:00:00".split(":")[:3])
    past_midnight = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    return MIDNIGHT_MS + past_midnight // timedelta(milliseconds=1)


AT_ONCE = "as it happens"


def record(
    metric_id: str, at: str, *, arrives: str | None = AT_ONCE, app: str = "com.example.app", **fields: Any
) -> Record:
    """An event at a clock time, well-placed in one partition; `arrives` is its Kafka timestamp, None for none."""
    body = {"appKey": app, "time": clock_ms(at), **ORDINARY[metric_id], **fields}
    timestamp_ms = None if arrives is None else clock_ms(at if arrives is AT_ONCE else arrives)
    return Record(Topics().input(METRICS[metric_id]), 0, app.encode(), orjson.dumps(body), timestamp_ms)


def check(at: str, statusCode: int | None = 200, **fields: Any) -> Record:  # noqa: N803 - the wire's name
    """A health check."""
    return record(AVAILABILITY.id, at, statusCode=statusCode, **fields)


def delivery(at: str, statusCode: int | None = 204, **fields: Any) -> Record:  # noqa: N803 - the wire's name
    """A webhook delivery."""
    return record(WEBHOOK.id, at, statusCode=statusCode, **fields)


def exclusion(
    sent: str | None,
    start: str,
    end: str | None,
    *,
    key: str = "e-1",
    reason: str = "PLATFORM_FAULT",
    **fields: Any,
) -> Record:
    """A version of an exclusion with the Kafka timestamp `sent`, if it has one; of everything, unless said."""
    times = {"start": clock_ms(start), "end": None if end is None else clock_ms(end)}
    body = {"id": key, "appKey": None, "metricId": None, "reason": reason, **times, **fields}
    return Record(Topics().exclusions, 0, key.encode(), orjson.dumps(body), None if sent is None else clock_ms(sent))


def downtime(sent: str | None, start: str, end: str | None, **fields: Any) -> Record:
    """A version of a planned downtime."""
    return exclusion(sent, start, end, reason="PLANNED_DOWNTIME", **fields)


def withdrawn(sent: str | None, key: str = "e-1") -> Record:
    """A tombstone: the exclusion is no more."""
    return Record(Topics().exclusions, 0, key.encode(), None, None if sent is None else clock_ms(sent))


def app(
    name: str,
    *,
    sent: str | None = None,
    key: str = "com.example.app",
    partner: str = "Example",
    excluded: Sequence[str] = (),
    urls: Sequence[str] = (),
    **fields: Any,
) -> Record:
    """A version of an app in the catalogue with the Kafka timestamp `sent`, if it has one."""
    lists = {"excludedClientKeys": list(excluded), "healthcheckUrls": list(urls)}
    body = {"appKey": key, **LISTED, "name": name, "partnerName": partner, **lists, **fields}
    return Record(Topics().apps, 0, key.encode(), orjson.dumps(body), None if sent is None else clock_ms(sent))


def delisted(sent: str | None, key: str = "com.example.app") -> Record:
    """A tombstone: the app is withdrawn from the catalogue."""
    return Record(Topics().apps, 0, key.encode(), None, None if sent is None else clock_ms(sent))


def short(alerts: Iterable[Alert]) -> list[tuple[str, str, int, int]]:
    """Alerts as (clock time, reason, good, bad)."""
    return [(alert["time"][11:16], alert["reason"], alert["goodCount"], alert["badCount"]) for alert in alerts]
