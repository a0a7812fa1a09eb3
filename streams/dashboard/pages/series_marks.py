"""What is marked in the chart of a series: breaches, the time that does not count, and when what came late happened."""

import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from streams.dashboard.database import View
from streams.evaluation.exclusions import Exclusions
from streams.history.reading import StoredSeries, read_late
from streams.history.tally import DAY_HOURS
from streams.plural import number_of
from streams.registry.exclusions import FAULT, Series, acting, known_of

_HOUR_MS: Final = 3_600_000
_MOST_STRETCHES: Final = 60
_BREACHES: Final = """
select b.incident_id, b.breached_at_ms, b.objective, r.time_ms as until_ms
from alert b left join alert r on r.incident_id = b.incident_id and r.type = 'RECOVERY'
where b.type = 'BREACH' and b.app_key = %(app)s and b.metric = %(metric)s and b.scope = %(scope)s
  and (%(is_platform)s or b.partner_id = any(%(partners)s))
  and b.time_ms < %(to_ms)s and coalesce(r.time_ms, %(to_ms)s) > %(from_ms)s
order by b.time_ms desc limit 200
"""


def series_marks(
    view: View, exclusions: Exclusions, *, app: str, metric: str, scope: str, from_ms: int, to_ms: int
) -> list[dict[str, Any]]:
    """Marks of the time [from, to): `kind`, `from`, `to` in epoch ms (None: still going on), `label`, `url`."""
    values = {"app": app, "metric": metric, "scope": scope, "from_ms": from_ms, "to_ms": to_ms}
    breaches = [
        {
            "kind": "breach",
            "from": row["breached_at_ms"],
            "to": row["until_ms"],
            "label": f"Breach of {row['objective']}",
            "url": f"/alerts/{quote(row['incident_id'])}",
        }
        for row in view.rows(_BREACHES, values)
    ]
    known = known_of(exclusions)
    now_ms = time.time_ns() // 1_000_000
    excluded = []
    for exclusion_id in acting(exclusions, now_ms, Series(app, metric, scope), (from_ms, to_ms)):
        said = known[exclusion_id].exclusion
        reason = "Fault of the platform" if said.reason == FAULT else "Announced downtime"
        label = f"{reason} {exclusion_id}, does not count"
        excluded.append({"kind": "excluded", "from": said.start, "to": said.end, "label": label, "url": "/exclusions"})
    return [*breaches, *excluded]


def late_events(view: View, told: Sequence[StoredSeries], from_ms: int, to_ms: int) -> Counter[int]:
    """Events of the hours since 1970 that touch [from, to) and came late, of all who tell of what counts."""
    first, end = from_ms // _HOUR_MS, -(-to_ms // _HOUR_MS)
    found = read_late(view.connection, [one.id for one in told], first // DAY_HOURS, end // DAY_HOURS)
    return Counter({hour: count for hour, count in found.items() if first <= hour < end})


def late_by_day(late: Counter[int]) -> Counter[int]:
    """The same by days since 1970."""
    found = Counter[int]()
    for hour, count in late.items():
        found[hour // DAY_HOURS] += count
    return found


def late_marks(late: Counter[int]) -> list[dict[str, Any]]:
    """Marks of the hours since 1970 of which events came late; of days where there are too many stretches of hours."""
    stretches = _stretches(late, 1)
    if len(stretches) > _MOST_STRETCHES:
        stretches = _stretches(late_by_day(late), DAY_HOURS)
    return [
        {
            "kind": "late",
            "from": first * _HOUR_MS,
            "to": end * _HOUR_MS,
            "label": f"{number_of(count, 'event')} came late",
            "url": None,
        }
        for first, end, count in stretches
    ]


def _stretches(late: Counter[int], hours: int) -> list[tuple[int, int, int]]:
    """Units of so many hours that follow each other as one: its first hour, the one after its last, its events."""
    found: list[tuple[int, int, int]] = []
    for unit, count in sorted(late.items()):
        first, end = unit * hours, (unit + 1) * hours
        if found and found[-1][1] == first:
            first, _, former = found.pop()
            count += former
        found.append((first, end, count))
    return found
