"""What an incident would take out of everybody's budget, if its fault is the platform's.

Only of places that are the platform's: of a host or a partner nothing is ever proposed.
"""

from collections.abc import Sequence
from typing import Final

from schemas.exclusions import Exclusion
from streams.common_cause.scope import Kind
from streams.incidents.life import Incident
from streams.names import AVAILABILITY
from streams.short_hash import short_hash

FAULT: Final = "PLATFORM_FAULT"
_MINUTE_MS: Final = 60_000
_BEFORE_MS: Final = 5 * _MINUTE_MS
"""So long before its first breach a fault begins, where history does not tell."""


def proposed(incident: Incident, breached_ms: int | None, base_urls: Sequence[str]) -> list[Exclusion]:
    """The exclusions to approve; none where nothing is the platform's.

    `breached_ms` is when its first breach began, `base_urls` where the apps of a region are. They go from the first
    impact to the end of the incident, in whole minutes; while it is open they have none.
    """
    if incident.scope is None or not Kind(incident.scope[0]).is_platform:
        return []
    kind, name = Kind(incident.scope[0]), incident.scope[1]
    start_ms = incident.start_ms
    if breached_ms is not None and start_ms >= breached_ms:  # history has not told of the time before it
        start_ms = breached_ms - _BEFORE_MS
    product, _, metric = name.rpartition("/") if kind is Kind.PRODUCT_METRIC else ("", "", "")
    places: list[tuple[str | None, str | None]]
    match kind:
        case Kind.METRIC:
            places = [(name, None)]
        case Kind.PRODUCT:
            places = [(None, name)]
        case Kind.PRODUCT_METRIC:
            places = [(metric, product)]
        case Kind.REGION:
            places = [(AVAILABILITY.id, url) for url in sorted(set(base_urls))]
        case _:
            places = [(None, None)]
    return [
        Exclusion.model_validate(
            {
                "id": _id(incident, scope if kind is Kind.REGION else None),
                "metricId": metric_id,
                "scope": scope,
                "reason": FAULT,
                "start": start_ms // _MINUTE_MS * _MINUTE_MS,
                "end": None if incident.ended_ms is None else -(-incident.ended_ms // _MINUTE_MS) * _MINUTE_MS,
            }
        )
        for metric_id, scope in places
    ]


def _id(incident: Incident, url: str | None) -> str:
    """The same for a URL, however many others there are: what was approved is found again by it, to be ended."""
    return f"inc-{incident.id}" if url is None else f"inc-{incident.id}-{short_hash([url])}"
