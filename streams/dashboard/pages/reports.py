"""A month of a partner, as a page: what each SLI reached, and how its breaches were found, told and mended."""

from datetime import UTC, datetime
from typing import Final

from fastapi import FastAPI, Request, Response

from streams.dashboard.dashboard import Seen, dashboard_of
from streams.dashboard.pages.render import render
from streams.dashboard.queries.reports import report
from streams.reports.month import Month
from streams.web.problem import Problem, ProblemError

_MONTHS: Final = 24
_PARTNERS: Final = """
select partner_id as id, min(partner_name) as name from app
where partner_id is not null and (%(is_platform)s or partner_id = any(%(partners)s))
group by partner_id order by min(partner_name), partner_id limit 5000
"""


def add_reports(app: FastAPI) -> None:
    """The page, of the month that runs unless another is asked for."""

    @app.get("/reports", include_in_schema=False)
    def reports(request: Request, view: Seen, partner: str = "", month: str = "") -> Response:
        dashboard = dashboard_of(request)
        partners = view.rows(_PARTNERS)
        if not partner and len(partners) == 1:
            partner = partners[0]["id"]
        try:
            chosen = Month.named(month or f"{datetime.now(UTC):%Y-%m}")
        except ValueError:
            raise ProblemError(Problem.BAD_REQUEST, fault="month: write it like 2026-11") from None
        levels = dashboard.objectives.service_levels
        found = report(view, dashboard.settings, levels, partner, chosen) if partner else None
        return render(
            request,
            view.viewer,
            "reports.html",
            page="reports",
            partners=partners,
            partner=partner,
            month=str(chosen),
            months=_months(),
            report=found,
            unmet=sum(item["met"] is False for item in found["items"]) if found else 0,
        )


def _months() -> list[str]:
    """Names of the months that sums are kept of, the newest first."""
    now = datetime.now(UTC)
    numbers = (now.year * 12 + now.month - 1 - back for back in range(_MONTHS))
    return [f"{number // 12}-{number % 12 + 1:02}" for number in numbers]
