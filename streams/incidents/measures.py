"""How quickly incidents were found, told of and over: means by month, app and partner.

Trials and what nobody confirmed are in no statistics. An incident counts in the month (UTC) in which it began, once
for each of its apps and each of their partners; what has not happened yet counts in no mean.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import psycopg


class By(StrEnum):
    """What there is a row for, in each month."""

    MONTH = "month"
    APP = "app"
    PARTNER = "partner"


@dataclass(frozen=True, slots=True)
class Means:
    """Of so many incidents: mean seconds from the first impact until it was found (MTTD), was told of, over (MTTR).

    None: of none of them yet. `name` is the app or the partner, by the id that the catalogue has for it, or its name.
    """

    month: str
    name: str | None
    incidents: int
    to_detect_s: int | None
    to_update_s: int | None
    to_recover_s: int | None


@dataclass(frozen=True, slots=True)
class Question:
    """Which incidents: those that began in [from, to); None: of any app, of any partner.

    `seen_partners` are the ids that whoever asks may see apps of, None: every app. `with_internal`: also those that no
    partner sees. A page begins behind the month and name of `after`.
    """

    by: By
    from_ms: int
    to_ms: int
    app_keys: Collection[str] | None = None
    partner: str | None = None
    seen_partners: Collection[str] | None = None
    with_internal: bool = True
    after: tuple[str, str] | None = None
    most: int | None = None


_MEANS: Final = """
select month, name, count(*),
  avg(greatest(0, found_ms - start_ms))::bigint / 1000,
  avg(greatest(0, updated_ms - start_ms)) filter (where updated_ms is not null)::bigint / 1000,
  avg(greatest(0, ended_ms - start_ms)) filter (where ended_ms is not null)::bigint / 1000
from (
  select distinct i.id, i.start_ms, i.found_ms, i.updated_ms, i.ended_ms,
    to_char(to_timestamp(i.start_ms / 1000.0) at time zone 'UTC', 'YYYY-MM') as month,
    case %(by)s when 'app' then a.app_key when 'partner' then coalesce(p.partner_id, p.partner_name) end as name
  from incident_public i
  left join incident_app a on a.incident = i.id and (%(by)s <> 'month' or %(is_of_some)s)
  left join app p on p.app_key = a.app_key
  where not i.is_trial and i.start_ms >= %(from)s and i.start_ms < %(to)s
    and (%(with_internal)s or i.visibility <> 'INTERNAL')
    and (%(apps)s::text[] is null or a.app_key = any(%(apps)s))
    and (%(partner)s::text is null or p.partner_id = %(partner)s)
    and (%(seen)s::text[] is null or p.partner_id = any(%(seen)s))
) one
where (%(by)s = 'month' or name is not null)
  and (%(after_month)s::text is null or (month, coalesce(name, '')) > (%(after_month)s, %(after_name)s))
group by month, name order by month, coalesce(name, '') limit %(most)s
"""


def read_means(connection: "psycopg.Connection[Any]", question: Question) -> list[Means]:
    """A row for each month and name that has any, in their order."""
    narrowing = (question.app_keys, question.partner, question.seen_partners)
    values: dict[str, object] = {
        "by": question.by,
        "from": question.from_ms,
        "to": question.to_ms,
        "apps": _list(question.app_keys),
        "partner": question.partner,
        "seen": _list(question.seen_partners),
        "is_of_some": any(one is not None for one in narrowing),
        "with_internal": question.with_internal,
        "after_month": question.after and question.after[0],
        "after_name": question.after and question.after[1],
        "most": question.most,
    }
    return [Means(*row) for row in connection.execute(_MEANS, values).fetchall()]


def means_document(means: Means | None) -> dict[str, Any]:
    """Count and means as the API gives them; None: there is no incident."""
    return {
        "count": 0 if means is None else means.incidents,
        "timeToDetectSeconds": means and means.to_detect_s,
        "timeToUpdateSeconds": means and means.to_update_s,
        "timeToRecoverSeconds": means and means.to_recover_s,
    }


def row_document(by: By, means: Means) -> dict[str, Any]:
    """A row as the API gives it."""
    return {
        "month": means.month,
        "appKey": means.name if by is By.APP else None,
        "partner": means.name if by is By.PARTNER else None,
        **means_document(means),
    }


def _list(some: Collection[str] | None) -> list[str] | None:
    return None if some is None else sorted(some)
