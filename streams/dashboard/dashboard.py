"""What a running dashboard consists of, and how endpoints come to it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import unquote

from fastapi import Depends, Request
from fastapi.templating import Jinja2Templates

from streams.dashboard.database import Database, View
from streams.dashboard.settings import DashboardSettings
from streams.dashboard.viewer import Viewer
from streams.objectives.bind import Objectives
from streams.web.problem import Problem, ProblemError

LOOK_COOKIE: Final = "slo-look-as"
"""Names the partner with whose rights one of the platform team looks. It only ever takes rights away: no secret."""

Identify = Callable[[Request], Viewer | None]
"""Who a request comes from; None: from nobody that is known."""


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The parts of one dashboard process, as the endpoints use them."""

    settings: DashboardSettings
    objectives: Objectives
    database: Database
    identify: Identify
    templates: Jinja2Templates


def dashboard_of(request: Request) -> Dashboard:
    """The dashboard that answers a request."""
    found: Dashboard = request.app.state.dashboard
    return found


def viewer_of(request: Request) -> Viewer:
    """Who asks.

    Raises:
        ProblemError: NOT_LOGGED_IN.
    """
    viewer = dashboard_of(request).identify(request)
    if viewer is None:
        raise ProblemError(Problem.NOT_LOGGED_IN)
    partner = unquote(request.cookies.get(LOOK_COOKIE, ""))
    if partner:
        viewer = viewer.looking_as(partner)
    request.state.viewer = viewer
    return viewer


Who = Annotated[Viewer, Depends(viewer_of)]
"""Who asks, as an argument of an endpoint."""


def view_of(request: Request, viewer: Who) -> Iterator[View]:
    """What who asks sees, in one transaction until the answer is made."""
    with dashboard_of(request).database.seen_by(viewer) as view:
        yield view


Seen = Annotated[View, Depends(view_of)]
"""What who asks sees, as an argument of an endpoint. Not for answers without end: it holds a connection."""
