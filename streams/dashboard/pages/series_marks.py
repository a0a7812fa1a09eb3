"""What is marked in the chart of a series: its breaches, and the time that does not count for it."""

import time
from typing import Any, Final
from urllib.parse import quote

from streams.dashboard.database import View
from streams.evaluation.exclusions import Exclusions
from streams.registry.exclusions import FAULT, Series, acting, known_of

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
