"""Where apps stand on the ladder, and how each came there."""

from dataclasses import dataclass
from typing import Any, Final

from schemas.event_time import utc_text
from streams.dashboard.database import MINE, View
from streams.dashboard.queries.apps import the_app
from streams.dashboard.queries.page import ListQuestion, Page, page_of, read_cursor
from streams.impact.document import standing_document
from streams.standing.facts import Stage

_ORDER: Final = "standing"
_HIGHEST_FIRST: Final = ", ".join(f"'{stage}'" for stage in reversed(Stage))
_ROWS: Final = f"""
with ranked as materialized (
  select s.*, a.name, array_position(array[{_HIGHEST_FIRST}], s.stage) as rank, -s.since_ms as newest
  from standing s left join app a using (app_key)
  where {MINE} and (%(stage)s::text is null and s.stage <> 'CLEAR' or s.stage = %(stage)s)
)
select app_key, name, stage, since_ms, reason, time_ms, is_review_due, rank, newest,
  (select count(*) from jsonb_array_elements(episodes) e where (e->>'counts')::boolean
    and (e->>'start')::timestamptz > to_timestamp((time_ms - %(period_ms)s) / 1000.0)) as counted,
  (select count(*) from appeal p where p.app_key = r.app_key
    and not exists (select from decision d where d.appeal = p.id)) as appeals
from ranked r
where %(rank)s::int is null or (rank, newest, app_key) > (%(rank)s, %(newest)s, %(app)s)
order by rank, newest, app_key limit %(most)s
"""


@dataclass(frozen=True, slots=True)
class StandingQuestion(ListQuestion):
    """Which apps, the highest first, the newest there first; `stage` None: all that are not clear."""

    stage: Stage | None = None


def standings(view: View, period_ms: int, question: StandingQuestion) -> Page:
    """The apps at a stage; `counted` are the episodes of the period that count.

    Raises:
        ProblemError: BAD_REQUEST: the cursor.
    """
    rank, newest, app_key = (None, None, None)
    if question.cursor is not None:
        rank, newest, app_key = read_cursor(question.cursor, _ORDER, [int, int, str])
    values = {"rank": rank, "newest": newest, "app": app_key, "stage": question.stage, "period_ms": period_ms}
    rows = view.rows(_ROWS, values | {"most": question.limit + 1})
    return page_of(rows, question.limit, _ORDER, lambda row: (row["rank"], row["newest"], row["app_key"]), _item)


def standing(view: View, app_key: str) -> dict[str, Any]:
    """The standing of an app as it is published, with all changes, decisions and appeals.

    Raises:
        ProblemError: NOT_FOUND: there is none of this key for this viewer.
    """
    return standing_document(view.connection, the_app(view, app_key).key)


def _item(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "appKey": row["app_key"],
        "appName": row["name"],
        "stage": row["stage"],
        "since": utc_text(row["since_ms"]),
        "reason": row["reason"],
        "time": utc_text(row["time_ms"]),
        "reviewDue": row["is_review_due"],
        "counted": row["counted"],
        "appeals": row["appeals"],
    }
