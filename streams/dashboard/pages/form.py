"""What a form sends: read within bounds, and only where a page of ours sent it.

A browser says by itself where a request comes from, and no other site can say so in our place (Fetch metadata; an
older browser sends `Origin`). So nobody is made to send a form that he did not mean.
"""

from typing import Annotated, Final
from urllib.parse import parse_qsl, urlsplit

from fastapi import Depends, Request

from streams.web.body import media_type, read_body
from streams.web.problem import Problem, ProblemError

_FIELDS: Final = 50
_URLENCODED: Final = "application/x-www-form-urlencoded"


async def form_of(request: Request) -> dict[str, str]:
    """The fields by name, without space around them; of several by one name the last.

    Raises:
        ProblemError: NOT_ALLOWED: it comes from elsewhere; CONTENT_TYPE, BAD_REQUEST: it is no form.
    """
    if not _is_ours(request):
        raise ProblemError(Problem.NOT_ALLOWED, fault="this form was not sent by a page of this dashboard")
    if media_type(request) != _URLENCODED:
        raise ProblemError(Problem.CONTENT_TYPE)
    body = await read_body(request)
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_FIELDS, errors="strict")
    except ValueError:
        raise ProblemError(Problem.BAD_REQUEST, fault="the body is no form") from None
    return {name: value.strip() for name, value in fields}


Form = Annotated[dict[str, str], Depends(form_of)]
"""The fields of a form, as an argument of an endpoint."""


def _is_ours(request: Request) -> bool:
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == request.headers.get("host", "")
