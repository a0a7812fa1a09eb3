"""A mail as its reader sees it; its HTML in a frame that can do nothing: no script, no form, no address of ours."""

from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any, Final

from fastapi import Response
from starlette.responses import HTMLResponse

from streams.dashboard.headers import CONTENT_SECURITY_POLICY
from streams.web.problem import Problem, ProblemError

_AROUND: Final = f"{CONTENT_SECURITY_POLICY}; frame-src 'self'"
_WITHIN: Final = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"


def read_mail(sent: bytes) -> EmailMessage:
    """A mail of what was sent."""
    return BytesParser(EmailMessage, policy=policy.default).parsebytes(sent)


def mail_parts(message: EmailMessage) -> dict[str, Any]:
    """What `mail_parts.html` shows of it."""
    text = message.get_body(("plain",))
    return {
        "headers": [(header, str(value)) for header, value in message.items()],
        "text": "" if text is None else text.get_content(),
        "has_html": message.get_body(("html",)) is not None,
        "attachments": [part.get_filename() or "unnamed" for part in message.iter_attachments()],
    }


def around_mail(page: Response) -> Response:
    """A page that frames the HTML of a mail."""
    page.headers["Content-Security-Policy"] = _AROUND
    return page


def mail_html(message: EmailMessage) -> Response:
    """What the frame holds.

    Raises:
        ProblemError: NOT_FOUND: it has no HTML.
    """
    body = message.get_body(("html",))
    if body is None:
        raise ProblemError(Problem.NOT_FOUND)
    return HTMLResponse(body.get_content(), headers={"Content-Security-Policy": _WITHIN})
