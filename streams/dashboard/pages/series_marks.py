"""What is marked in the chart of a series: breaches, the time that does not count, and when what came late happened."""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from psycopg.rows import DictRow

from streams.dashboard.database import View
from streams.evaluation.exclusions import Exclusions
from streams.history.documents import DAY_MS
from streams.history.reading import StoredSeries, read_late
from streams.history.tally import DAY_HOURS
from streams.plural import number_of
from streams.registry.exclusions import FAULT, Series, acting, known_of

_HOUR_MS: Final = 3_600_000
_MOST_STRETCHES: Final = 60
_BREACHES: Final = """
select b.metric, b.scope, b.incident_id, b.breached_at_ms, b.objective, r.time_ms as until_ms
from alert b left join alert r on r.incident_id = b.incident_id and r.type = 'RECOVERY'
where b.type = 'BREACH' and b.app_key = %(app)s and (%(is_platform)s or b.partner_id = any(%(partners)s))
  and b.time_ms < %(to_ms)s and coalesce(r.time_ms, %(to_ms)s) > %(from_ms)s
order by b.time_ms desc limit 1000
"""


@dataclass(frozen=True, slots=True)
class AppMarks:
    """What is to be marked of an app over the time [from, to), read once for all its series."""

    app_key: str
    from_ms: int
    to_ms: int
    _exclusions: Exclusions
    _breaches: list[DictRow]
    _late: dict[int, Counter[int]]

    def of(self, metric: str, scope: str, told: Sequence[StoredSeries]) -> list[dict[str, Any]]:
        """Marks of a series: `kind`, `from`, `to` in epoch ms (None: still going on), `label`, `url`."""
        return [*self._of_breaches(metric, scope), *self._of_exclusions(metric, scope), *_late_marks(self.late(told))]

    def late(self, told: Sequence[StoredSeries]) -> Counter[int]:
        """Events that came late, of all who tell of what counts, by the hours since 1970 that touch the time."""
        first, end = self.from_ms // _HOUR_MS, -(-self.to_ms // _HOUR_MS)
        found = Counter[int]()
        for one in told:
            found.update({hour: count for hour, count in self._late[one.id].items() if first <= hour < end})
        return found

    def _of_breaches(self, metric: str, scope: str) -> list[dict[str, Any]]:
        return [
            {
                "kind": "breach",
                "from": row["breached_at_ms"],
                "to": row["until_ms"],
                "label": f"Breach of {row['objective']}",
                "url": f"/alerts/{quote(row['incident_id'])}",
            }
            for row in self._breaches
            if (row["metric"], row["scope"]) == (metric, scope)
        ]

    def _of_exclusions(self, metric: str, scope: str) -> list[dict[str, Any]]:
        known = known_of(self._exclusions)
        now_ms = time.time_ns() // 1_000_000
        found = []
        for name in acting(self._exclusions, now_ms, Series(self.app_key, metric, scope), (self.from_ms, self.to_ms)):
            said = known[name].exclusion
            reason = "Fault of the platform" if said.reason == FAULT else "Announced downtime"
            label = f"{reason} {name}, does not count"
            found.append({"kind": "excluded", "from": said.start, "to": said.end, "label": label, "url": "/exclusions"})
        return found


def read_marks(
    view: View, app_key: str, series: Iterable[StoredSeries], exclusions: Exclusions, from_ms: int, to_ms: int
) -> AppMarks:
    """The marks of these series of an app over [from, to)."""
    breaches = view.rows(_BREACHES, {"app": app_key, "from_ms": from_ms, "to_ms": to_ms})
    late = read_late(view.connection, [one.id for one in series], from_ms // DAY_MS, to_ms // DAY_MS)
    return AppMarks(app_key, from_ms, to_ms, exclusions, breaches, late)


def late_by_day(late: Counter[int]) -> Counter[int]:
    """Events by hours since 1970, by days since 1970."""
    found = Counter[int]()
    for hour, count in late.items():
        found[hour // DAY_HOURS] += count
    return found


def _late_marks(late: Counter[int]) -> list[dict[str, Any]]:
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
