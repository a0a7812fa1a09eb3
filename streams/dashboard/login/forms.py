"""Forms: taken only from our own pages, with the token that goes with the login of whoever sends one."""

import hmac
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from streams.dashboard.dashboard import Who
from streams.dashboard.viewer import Viewer
from streams.web.body import media_type, read_body
from streams.web.problem import Problem, ProblemError

TOKEN_FIELD = "form_token"  # noqa: S105  the name of a field
_MOST_FIELDS = 100


async def question_of(request: Request, _viewer: Who) -> dict[str, str]:
    """The fields of a form, without space around them; of several of one name the last.

    A login that no browser sends by itself, as a token in a header, has no token for its forms, and needs none.

    Raises:
        ProblemError: NOT_ALLOWED: it does not come from one of our pages. BAD_REQUEST: it is no form.
    """
    check_origin(request)
    if media_type(request) != "application/x-www-form-urlencoded":
        raise ProblemError(Problem.CONTENT_TYPE)
    try:
        body = (await read_body(request)).decode()
        fields = dict(parse_qsl(body, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict"))
    except ValueError:
        raise ProblemError(Problem.BAD_REQUEST) from None
    given, expected = fields.pop(TOKEN_FIELD, ""), getattr(request.state, "form_token", None)
    if expected is not None and not hmac.compare_digest(given.encode(), expected.encode()):
        raise ProblemError(Problem.NOT_ALLOWED, fault="the form is of another login: load the page again")
    return {name: value.strip() for name, value in fields.items()}


Question = Annotated[dict[str, str], Depends(question_of)]
"""The fields of a checked form that puts nothing on record, as an argument of an endpoint."""


async def form_of(viewer: Who, fields: Question) -> dict[str, str]:
    """The fields of a form by which something is put on record.

    Raises:
        ProblemError: NOT_ALLOWED: who sends it may only read.
    """
    check_may_act(viewer)
    return fields


Form = Annotated[dict[str, str], Depends(form_of)]
"""The fields of a checked form that puts something on record, as an argument of an endpoint."""


def check_may_act(viewer: Viewer) -> None:
    """Whether somebody may do more than read.

    Raises:
        ProblemError: NOT_ALLOWED.
    """
    if not viewer.may_act:
        why = f"you look as {viewer.looks_as}: go back to yourself first" if viewer.looks_as else "it may only read"
        raise ProblemError(Problem.NOT_ALLOWED, fault=why)


def check_origin(request: Request) -> None:
    """Whether a browser sends this from one of our own pages.

    Raises:
        ProblemError: NOT_ALLOWED: it does not.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    is_ours = (
        origin.partition("://")[2] == request.headers.get("host") if origin and site is None else site == "same-origin"
    )
    if not is_ours:
        raise ProblemError(Problem.NOT_ALLOWED, fault="sent from another site")
