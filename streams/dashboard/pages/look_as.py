"""Look as a partner: the platform team sees what that partner sees, with its rights, and changes nothing meanwhile."""

from typing import Final
from urllib.parse import quote, urlencode

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from streams.dashboard.dashboard import LOOK_COOKIE, Seen, dashboard_of
from streams.dashboard.login.forms import Question
from streams.dashboard.pages.render import render
from streams.web.problem import Problem, ProblemError

_PAGE: Final = 50
_PARTNERS: Final = """
select partner_id as id, min(partner_name) as name, count(*) as apps from app
where partner_id is not null and %(is_platform)s and (%(q)s = '' or partner_id || ' ' || partner_name ilike %(like)s)
  and partner_id > %(after)s
group by partner_id order by partner_id limit %(most)s
"""
_ONE: Final = "select partner_id from app where partner_id = %(partner)s and %(is_platform)s limit 1"


def add_look_as(app: FastAPI) -> None:
    """Choose a partner, and come back."""

    @app.get("/look-as", include_in_schema=False)
    def partners(request: Request, view: Seen, q: str = "", after: str = "") -> Response:
        if not view.viewer.is_platform:
            raise ProblemError(Problem.NOT_FOUND)
        like = "%" + q.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
        found = view.rows(_PARTNERS, {"q": q, "like": like, "after": after, "most": _PAGE + 1})
        more = urlencode({"q": q, "after": found[_PAGE - 1]["id"]}) if len(found) > _PAGE else None
        return render(
            request,
            view.viewer,
            "look_as.html",
            page="look-as",
            partners=found[:_PAGE],
            q=q,
            next_url=None if more is None else f"?{more}",
        )

    @app.post("/look-as", include_in_schema=False)
    def look_as(request: Request, view: Seen, form: Question) -> Response:
        partner: str = view.row(_ONE, {"partner": form.get("partner", "")})["partner_id"]
        answer = RedirectResponse("/", 303)
        is_safe = dashboard_of(request).settings.base_url.startswith("https:")
        answer.set_cookie(LOOK_COOKIE, quote(partner, safe=""), secure=is_safe, httponly=True, samesite="lax")
        return answer

    @app.post("/look-as/end", include_in_schema=False)
    def come_back(_form: Question) -> Response:
        answer = RedirectResponse("/look-as", 303)
        answer.delete_cookie(LOOK_COOKIE)
        return answer
