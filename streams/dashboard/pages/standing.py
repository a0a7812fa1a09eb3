"""The ladder of impact: every app that is not clear, and how each came where it stands."""

from typing import Any, Final
from urllib.parse import urlencode

from fastapi import FastAPI, Request, Response

from streams.dashboard.dashboard import Seen
from streams.dashboard.pages.render import render
from streams.dashboard.pages.text import STAGES
from streams.dashboard.queries.apps import the_app

_PAGE: Final = 50

_ROWS: Final = """
select s.app_key as "appKey", a.name, s.stage, s.since_ms as since, coalesce(s.reason, 'TIME') as reason,
  (select count(*) from jsonb_array_elements(s.episodes) e where (e->>'counts')::boolean) as counted
from standing s left join app a using (app_key)
where (%(is_platform)s or a.partner_id = any(%(partners)s))
  and (%(stage)s = '' and s.stage <> 'CLEAR' or s.stage = %(stage)s)
order by array_position(array['DEMOTED', 'DEMOTION_DUE', 'REMEDIATION', 'NOTIFIED', 'CLEAR'], s.stage),
  s.since_ms desc, s.app_key
offset %(start)s limit %(most)s
"""
_COUNTS: Final = """
select s.stage, count(*) as count from standing s left join app a using (app_key)
where (%(is_platform)s or a.partner_id = any(%(partners)s)) group by s.stage
"""
_ONE: Final = "select stage, since_ms as since, reason, episodes from standing where app_key = %(app)s"
_CHANGES: Final = """
select stage, reason, since_ms as time from standing_change where app_key = %(app)s order by number
"""
_APPEALS: Final = """
select p.incident_id, p.who, p.why, p.at_ms,
  (select d.act from decision d where d.appeal = p.id order by d.id desc limit 1) as act
from appeal p where p.app_key = %(app)s order by p.id desc limit 100
"""


def stage_of(view: Any, app_key: str) -> str | None:
    """Where an app stands; None where none was judged yet."""
    found = view.rows(_ONE, {"app": app_key})
    return found[0]["stage"] if found else None


def add_standing(app: FastAPI) -> None:
    """All apps, and one."""

    @app.get("/standing", include_in_schema=False)
    def standings(request: Request, view: Seen, stage: str = "", start: int = 0) -> Response:
        stage = stage if stage in STAGES else ""
        found = view.rows(_ROWS, {"stage": stage, "start": max(0, start), "most": _PAGE + 1})
        counts = {row["stage"]: row["count"] for row in view.rows(_COUNTS)}
        following = urlencode({"stage": stage, "start": start + _PAGE})
        return render(
            request,
            view.viewer,
            "standing.html",
            page="standing",
            items=found[:_PAGE],
            ladder=_ladder(None),
            tiles=[
                {
                    "url": f"?stage={name}",
                    "count": counts.get(name, 0),
                    "words": words,
                    "kind": kind,
                    "is_chosen": name == stage,
                }
                for name, (kind, words, _how) in STAGES.items()
            ],
            next_url=f"?{following}" if len(found) > _PAGE else None,
        )

    @app.get("/standing/{app_key:path}", include_in_schema=False)
    def standing(request: Request, view: Seen, app_key: str) -> Response:
        of = the_app(view, app_key)
        found = view.rows(_ONE, {"app": app_key})
        one = found[0] if found else {"stage": "CLEAR", "since": None, "reason": None, "episodes": []}
        return render(
            request,
            view.viewer,
            "standing_app.html",
            page="standing",
            app=of,
            standing=one,
            counted=sum(bool(episode["counts"]) for episode in one["episodes"]),
            ladder=_ladder(one["stage"]),
            changes=view.rows(_CHANGES, {"app": app_key}),
            appeals=view.rows(_APPEALS, {"app": app_key}),
        )


def _ladder(stage: str | None) -> list[dict[str, Any]]:
    return [{"words": words, "how": how, "is_here": name == stage} for name, (_kind, words, how) in STAGES.items()]
