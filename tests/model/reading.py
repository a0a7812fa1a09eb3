"""Record bytes -> event, or the first reason why not. Every rule is checked by hand, field by field."""

import base64
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from streams.names import AVAILABILITY, IFRAME, INSTALLATION, WEBHOOK, Metric
from tests.model.fields import Check, anything, duration, epoch_ms, fits, integer, one_of, or_null, text, time
from tests.model.json_grammar import NotJSONError, read_json
from tests.model.record import Record

MAX_VALUE_BYTES = 64 * 1024
AVAILABLE_BELOW_MS = 3_000
BRIDGE_WITHIN_MS = 12_000
DELIVERED = (200, 204)


class Rejection(StrEnum):
    """Why a record cannot be used, in the order the reasons are tested."""

    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    SCHEMA = "schema"
    MISPLACED = "misplaced"
    FUTURE_TIME = "future_time"
    TOO_LATE = "too_late"
    TOO_MANY_SERIES = "too_many_series"


@dataclass(frozen=True, slots=True)
class Event:
    """One observation of a series. One that is not counted still moves the watermark.

    `client_key` is the installation where the catalogue may exclude it, else None.
    """

    app_key: str
    scope: str
    time_ms: int
    counted: bool
    good: bool
    from_app: bool
    client_key: str | None


def read(record: Record, metric: Metric) -> Event | Rejection:
    """The event in a record, or why there is none; time and place are judged elsewhere."""
    body = read_body(record, FIELDS[metric.id])
    if isinstance(body, Rejection):
        return body
    time_ms = epoch_ms(body["time"])
    assert time_ms is not None, "a field is checked"
    return Event(
        app_key=body["appKey"],
        scope=body["baseUrl" if metric is AVAILABILITY else "product"],
        time_ms=time_ms,
        counted=_is_counted(body, metric),
        good=_is_good(body, metric),
        from_app=body.get("source") == "APP",
        client_key=body["clientKey"] if metric in (INSTALLATION, WEBHOOK) else None,
    )


def read_body(record: Record, fields: dict[str, Check]) -> dict[str, Any] | Rejection:
    """The JSON object in a record, with fields as they must be; or why there is none."""
    if record.value is not None and len(record.value) > MAX_VALUE_BYTES:
        return Rejection.TOO_LARGE
    try:
        body = read_json(record.value or b"")
        if _is_structured(record):
            body = _unwrapped(body)
    except NotJSONError:
        return Rejection.NOT_JSON
    if not isinstance(body, dict) or not fits(body, fields):
        return Rejection.SCHEMA
    return body


def _is_structured(record: Record) -> bool:
    names = {"content-type", "contenttype", "content_type"}
    types = [value for name, value in record.headers if name.lower() in names and value is not None]
    return bool(types) and types[0].split(b";")[0].strip(b' \t"').lower() == b"application/cloudevents+json"


def _unwrapped(envelope: Any) -> Any:
    if not isinstance(envelope, dict):
        return None
    data, encoded = envelope.get("data"), envelope.get("data_base64")
    if data is not None or encoded is None:
        return data
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (ValueError, TypeError):
        return None
    return read_json(raw)


# --- judgement: section "Series" ---


def _is_counted(body: dict[str, Any], metric: Metric) -> bool:
    if body.get("group") not in (None, "PROD"):
        return False
    if metric is INSTALLATION and body["lifecycle"] != "installed":
        return False
    return not (metric in (INSTALLATION, WEBHOOK) and body.get("faultOwner") == "PLATFORM")


def _is_good(body: dict[str, Any], metric: Metric) -> bool:
    if metric is AVAILABILITY:
        duration = body.get("durationInMillis")
        return body.get("statusCode") == 200 and duration is not None and duration < AVAILABLE_BELOW_MS
    if metric is IFRAME:
        if body["source"] == "APP":
            return body.get("status") == "SUCCESS"
        bridge = body.get("bridgeInMillis")
        return bridge is not None and bridge <= BRIDGE_WITHIN_MS
    return body.get("statusCode") in DELIVERED


# --- the fields: section "Topics" ---

_COMMON: dict[str, Check] = {"appKey": text(), "time": time, "group": or_null(text())}
_ANSWER: dict[str, Check] = {
    "statusCode": or_null(integer),
    "durationInMillis": or_null(duration),
    "error": anything,
}
_CLIENT: dict[str, Check] = {"product": text(), "clientKey": text()}
_FAULT: dict[str, Check] = {"faultOwner": or_null(one_of("APP", "PLATFORM"))}

FIELDS: dict[str, dict[str, Check]] = {
    AVAILABILITY.id: {**_COMMON, **_ANSWER, "baseUrl": text(2_048)},
    IFRAME.id: {
        **_COMMON,
        **_CLIENT,
        "moduleType": text(),
        "source": one_of("HOST", "APP"),
        "bridgeInMillis": or_null(duration),
        "status": or_null(one_of("SUCCESS", "FAIL")),
        "durationInMillis": or_null(duration),
    },
    INSTALLATION.id: {
        **_COMMON,
        **_CLIENT,
        **_ANSWER,
        **_FAULT,
        "lifecycle": one_of("installed", "uninstalled", "enabled", "disabled"),
    },
    WEBHOOK.id: {**_COMMON, **_CLIENT, **_ANSWER, **_FAULT, "event": text()},
}
