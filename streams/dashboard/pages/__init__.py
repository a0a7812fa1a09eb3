"""The pages."""

from fastapi import FastAPI, Request, Response

from streams.dashboard.dashboard import Who, dashboard_of


def add_pages(app: FastAPI) -> None:
    """All of them."""

    @app.get("/", include_in_schema=False)
    def fleet(request: Request, viewer: Who) -> Response:
        return dashboard_of(request).templates.TemplateResponse(request, "base.html", {"viewer": viewer})
