"""The shape of Statuspage's public API, version 2, as far as readers of it rely on it."""

from typing import Any

_TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}
_TIME_OR_NULL = {"anyOf": [_TIME, {"type": "null"}]}
_TEXT = {"type": "string"}
_TEXT_OR_NULL = {"type": ["string", "null"]}
_STATUS = {"enum": ["operational", "degraded_performance", "partial_outage", "major_outage", "under_maintenance"]}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


PAGE = _object(id=_TEXT, name=_TEXT, url=_TEXT, time_zone=_TEXT, updated_at=_TIME)
COMPONENT = _object(
    id=_TEXT,
    name=_TEXT,
    status=_STATUS,
    created_at=_TIME,
    updated_at=_TIME,
    position={"type": "integer"},
    description=_TEXT_OR_NULL,
    showcase={"type": "boolean"},
    start_date=_TEXT_OR_NULL,
    group_id=_TEXT_OR_NULL,
    page_id=_TEXT,
    group={"type": "boolean"},
    only_show_if_degraded={"type": "boolean"},
)
_AFFECTED = _object(code=_TEXT, name=_TEXT, old_status=_STATUS, new_status=_STATUS)
_COMMON = {
    "id": _TEXT,
    "name": _TEXT,
    "created_at": _TIME,
    "updated_at": _TIME,
    "monitoring_at": _TIME_OR_NULL,
    "resolved_at": _TIME_OR_NULL,
    "shortlink": _TEXT,
    "started_at": _TIME,
    "page_id": _TEXT,
    "components": _list(COMPONENT),
}


def _update(statuses: list[str]) -> dict[str, Any]:
    return _object(
        id=_TEXT,
        status={"enum": statuses},
        body=_TEXT,
        incident_id=_TEXT,
        created_at=_TIME,
        updated_at=_TIME,
        display_at=_TIME,
        affected_components=_list(_AFFECTED),
        deliver_notifications={"type": "boolean"},
        custom_tweet=_TEXT_OR_NULL,
        tweet_id=_TEXT_OR_NULL,
    )


_INCIDENT_STATES = ["investigating", "identified", "monitoring", "resolved", "postmortem"]
_MAINTENANCE_STATES = ["scheduled", "in_progress", "verifying", "completed"]
INCIDENT = _object(
    **_COMMON,
    status={"enum": _INCIDENT_STATES},
    impact={"enum": ["none", "minor", "major", "critical"]},
    incident_updates=_list(_update(_INCIDENT_STATES)),
)
MAINTENANCE = _object(
    **_COMMON,
    status={"enum": _MAINTENANCE_STATES},
    impact={"enum": ["maintenance"]},
    scheduled_for=_TIME,
    scheduled_until=_TIME_OR_NULL,
    incident_updates=_list(_update(_MAINTENANCE_STATES)),
)
STATUS = _object(
    indicator={"enum": ["none", "minor", "major", "critical", "maintenance"]},
    description={"type": "string", "minLength": 1},
)
FILES = {
    "api/v2/summary.json": _object(
        page=PAGE,
        components=_list(COMPONENT),
        incidents=_list(INCIDENT),
        scheduled_maintenances=_list(MAINTENANCE),
        status=STATUS,
    ),
    "api/v2/status.json": _object(page=PAGE, status=STATUS),
    "api/v2/components.json": _object(page=PAGE, components=_list(COMPONENT)),
    "api/v2/incidents.json": _object(page=PAGE, incidents=_list(INCIDENT)),
    "api/v2/incidents/unresolved.json": _object(page=PAGE, incidents=_list(INCIDENT)),
    "api/v2/scheduled-maintenances.json": _object(page=PAGE, scheduled_maintenances=_list(MAINTENANCE)),
    "api/v2/scheduled-maintenances/upcoming.json": _object(page=PAGE, scheduled_maintenances=_list(MAINTENANCE)),
    "api/v2/scheduled-maintenances/active.json": _object(page=PAGE, scheduled_maintenances=_list(MAINTENANCE)),
}
"""Path -> JSON Schema."""
