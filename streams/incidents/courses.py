"""How the incidents of a database went, for `measures`: one query for reports and the API, whoever asks."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import psycopg

from schemas.event_time import epoch_ms
from streams.incidents.measures import Course

_COURSES: Final = """
select i.record, coalesce(array_agg(array[a.app_key, p.partner_id]) filter (where a.app_key is not null), '{}')
from slo.incident i
left join slo.incident_app a on a.incident = i.id
left join slo.app p on p.app_key = a.app_key
where i.verdict = 'CONFIRMED' and not i.is_trial and i.start_ms >= %(from)s and i.start_ms < %(to)s
  and (%(partner)s::text is null or p.partner_id = %(partner)s)
group by i.id order by i.start_ms, i.id
"""


def read_courses(
    connection: "psycopg.Connection[Any]", from_ms: int, to_ms: int, partner: str | None = None
) -> list[Course]:
    """Incidents that began in [from, to), with their apps, of one partner or of all. Trials are left out."""
    rows = connection.execute(_COURSES, {"from": from_ms, "to": to_ms, "partner": partner}).fetchall()
    return [_course(record, apps) for record, apps in rows]


def _course(record: dict[str, Any], apps: Sequence[tuple[str, str | None]]) -> Course:
    return Course(
        [(app, partner) for app, partner in apps],
        epoch_ms(record["start"]),
        epoch_ms(record["detectedAt"]),
        _first_update(record["timeline"]),
        None if record["endedAt"] is None else epoch_ms(record["endedAt"]),
    )


def _first_update(timeline: Iterable[dict[str, Any]]) -> int | None:
    return next((epoch_ms(line["time"]) for line in timeline if line["public"] and line["act"] == "NOTE"), None)
