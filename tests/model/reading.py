"""Record bytes -> event, or the first reason why not. Every rule is checked by hand, field by field."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import orjson

from streams.names import AVAILABILITY, IFRAME, INSTALLATION, WEBHOOK, Metric
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


@dataclass(frozen=True, slots=True)
class Event:
    """One observation of a series. One that is not counted still moves the watermark."""

    app_key: str
    scope: str
    time_ms: int
    counted: bool
    good: bool
    from_app: bool


Check = Callable[[Any], bool]


def read(record: Record, metric: Metric) -> Event | Rejection:
    """The event in a record, or why there is none; time and place are judged elsewhere."""
    if record.value is not None and len(record.value) > MAX_VALUE_BYTES:
        return Rejection.TOO_LARGE
    try:
        orjson.loads(record.value or b"")
    except orjson.JSONDecodeError:
        return Rejection.NOT_JSON
    body = json.loads(record.value or b"")  # orjson turns integers over 64 bits into floats
    if _is_structured(record):
        body = body.get("data") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not _fits(body, FIELDS[metric.id]):
        return Rejection.SCHEMA
    time_ms = _time_ms(body["time"])
    if time_ms is None:
        return Rejection.SCHEMA
    return Event(
        app_key=body["appKey"],
        scope=body["baseUrl" if metric is AVAILABILITY else "product"],
        time_ms=time_ms,
        counted=_is_counted(body, metric),
        good=_is_good(body, metric),
        from_app=body.get("source") == "APP",
    )


def _is_structured(record: Record) -> bool:
    content_type = (record.header("content-type") or b"").split(b";")[0]
    return content_type.strip().lower() == b"application/cloudevents+json"


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


def _text(limit: int = 256) -> Check:
    return lambda value: isinstance(value, str) and 1 <= len(value) <= limit


def _one_of(*allowed: str) -> Check:
    return lambda value: isinstance(value, str) and value in allowed


def _integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _duration(value: Any) -> bool:
    return (_integer(value) or isinstance(value, float)) and value >= 0  # JSON has no infinity and no NaN


def _present(value: Any) -> bool:
    return value is not None


def _or_null(check: Check) -> Check:
    return lambda value: value is None or check(value)


_COMMON: dict[str, Check] = {"appKey": _text(), "time": _present, "group": _or_null(_text())}
_ANSWER: dict[str, Check] = {
    "statusCode": _or_null(_integer),
    "durationInMillis": _or_null(_duration),
    "error": _or_null(_text()),
}
_CLIENT: dict[str, Check] = {"product": _text(), "clientKey": _text()}
_FAULT: dict[str, Check] = {"faultOwner": _or_null(_one_of("APP", "PLATFORM"))}

FIELDS: dict[str, dict[str, Check]] = {
    AVAILABILITY.id: {**_COMMON, **_ANSWER, "baseUrl": _text(2_048)},
    IFRAME.id: {
        **_COMMON,
        **_CLIENT,
        "moduleType": _text(),
        "source": _one_of("HOST", "APP"),
        "bridgeInMillis": _or_null(_duration),
        "status": _or_null(_one_of("SUCCESS", "FAIL")),
        "durationInMillis": _or_null(_duration),
    },
    INSTALLATION.id: {
        **_COMMON,
        **_CLIENT,
        **_ANSWER,
        **_FAULT,
        "lifecycle": _one_of("installed", "uninstalled", "enabled", "disabled"),
    },
    WEBHOOK.id: {**_COMMON, **_CLIENT, **_ANSWER, **_FAULT, "event": _text()},
}


def _fits(body: dict[str, Any], fields: dict[str, Check]) -> bool:
    """Whether every field passes; an absent one is null, and unknown ones are nobody's business."""
    return all(check(body.get(name)) for name, check in fields.items())


# --- time ---

_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MS = (datetime(2000, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
_END_MS = (datetime(2101, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)


def _time_ms(value: Any) -> int | None:
    """Epoch milliseconds, floored, of the years 2000 to 2100; None if it is not a time."""
    if isinstance(value, str):
        value = _rfc3339_ms(value)
    if not _integer(value) or not _FIRST_MS <= value < _END_MS:
        return None
    return int(value)


def _rfc3339_ms(text: str) -> int | None:
    match = _RFC3339.fullmatch(text) if _text()(text) else None
    if match is None:
        return None
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    fraction, sign, offset_hours, offset_minutes = match.groups()[6:]
    if int(offset_hours or 0) > 23 or int(offset_minutes or 0) > 59:
        return None
    try:
        local = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:  # no such day, hour 24, leap second
        return None
    offset = timedelta(hours=int(offset_hours or 0), minutes=int(offset_minutes or 0)) * (-1 if sign == "-" else 1)
    seconds = (local - _EPOCH - offset) // timedelta(seconds=1)
    milliseconds = int(((fraction or "") + "000")[:3])
    return seconds * 1_000 + milliseconds
