"""Templates, and what every page has beside its own."""

import time
from pathlib import Path
from typing import Any, Final

from fastapi import Request, Response
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from streams.dashboard.api.parquet import has_parquet
from streams.dashboard.dashboard import dashboard_of
from streams.dashboard.login.forms import TOKEN_FIELD
from streams.dashboard.pages.text import FILTERS
from streams.dashboard.viewer import NOBODY, Viewer

_TEMPLATES: Final = Path(__file__).parent.parent / "templates"


def page_templates() -> Jinja2Templates:
    """All templates: what they are not given is an error, and what they are given is text, never markup."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    environment.globals.update(page="", flash=None)  # here, as what is common to all comes after a page's own
    return Jinja2Templates(env=environment, context_processors=[_common])


def render(request: Request, viewer: Viewer, template: str, *, page: str, **context: Any) -> Response:
    """A page for a viewer; `page` names its place in the navigation."""
    common = {"viewer": viewer, "page": page}
    return dashboard_of(request).templates.TemplateResponse(request, template, {**common, **context})


def _common(request: Request) -> dict[str, Any]:
    dashboard = dashboard_of(request)
    viewer: Viewer | None = getattr(request.state, "viewer", None)
    return {
        "viewer": viewer or NOBODY,
        "is_known": viewer is not None,
        "form_token_field": _form_token_field(request),
        "now_ms": time.time_ns() // 1_000_000,
        "has_parquet": has_parquet(),
        "has_mailbox": dashboard.settings.dashboard_mailbox is not None,
    }


def _form_token_field(request: Request) -> Markup:
    """What every form holds beside its own fields."""
    token: str | None = getattr(request.state, "form_token", None)
    field = Markup('<input type="hidden" name="{}" value="{}">')
    return Markup() if token is None else field.format(TOKEN_FIELD, token)
