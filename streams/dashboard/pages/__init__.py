"""Pages: what is read of the database, as people read it."""

from fastapi import FastAPI, Request, Response

from streams.dashboard.dashboard import Who
from streams.dashboard.pages.changes import add_changes
from streams.dashboard.pages.deliveries import add_deliveries
from streams.dashboard.pages.render import render


def add_pages(app: FastAPI) -> None:
    """All of them, and what tells them of changes."""
    add_changes(app)
    add_deliveries(app)

    @app.get("/", include_in_schema=False)
    def fleet(request: Request, viewer: Who) -> Response:
        return render(request, viewer, "base.html", page="fleet")
