"""A month of a partner, for whoever sees its apps."""

from collections.abc import Sequence
from typing import Any, Final

from streams.dashboard.database import MINE, View
from streams.objectives.service_level import ServiceLevel
from streams.reports.document import report_document
from streams.reports.month import Month
from streams.reports.reading import partner_report
from streams.settings import Settings
from streams.web.problem import Problem, ProblemError

_SEEN: Final = f"select from app where partner_id = %(partner)s and {MINE} limit 1"


def report(
    view: View, settings: Settings, levels: Sequence[ServiceLevel], partner: str, month: Month
) -> dict[str, Any]:
    """The report, with an item for each SLI of each app under each SLO.

    Raises:
        ProblemError: NOT_FOUND: this viewer sees no app of the partner.
    """
    view.row(_SEEN, {"partner": partner})
    found = partner_report(view.connection, settings, levels, partner, month)
    if found is None:
        raise ProblemError(Problem.NOT_FOUND)
    return report_document(found)
