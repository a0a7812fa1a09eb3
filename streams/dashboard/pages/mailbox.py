"""The mails that a notifier on this machine has sent, kept by `slo-streams run`: what its receivers would see.

The HTML of a mail is shown in a frame that can do nothing: no script, no form, no address of ours.
"""

from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Final

from fastapi import FastAPI, Request, Response
from starlette.responses import HTMLResponse

from streams.dashboard.dashboard import Who, dashboard_of
from streams.dashboard.headers import CONTENT_SECURITY_POLICY
from streams.dashboard.pages.render import render
from streams.web.problem import Problem, ProblemError

_MOST: Final = 100
_SHOWN_BYTES: Final = 1_000_000
_AROUND_MAIL: Final = f"{CONTENT_SECURITY_POLICY}; frame-src 'self'"
_OF_MAIL: Final = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail in the folder, by the name of its file."""

    name: str
    subject: str
    sender: str
    to: str
    received_ms: int


def add_mailbox(app: FastAPI) -> None:
    """The list, and each mail."""

    @app.get("/mailbox", include_in_schema=False)
    def mailbox(request: Request, viewer: Who) -> Response:
        files = _files(request, viewer.is_platform)
        mails = [_mail(path, _message(path)) for path in files[:_MOST]]
        return render(request, viewer, "mailbox.html", page="mailbox", mails=mails, count=len(files))

    @app.get("/mailbox/{name}", include_in_schema=False)
    def mail(request: Request, viewer: Who, name: str) -> Response:
        path = _file(request, viewer.is_platform, name)
        message = _message(path)
        text = message.get_body(("plain",))
        response = render(
            request,
            viewer,
            "mail.html",
            page="mailbox",
            mail=_mail(path, message),
            headers=[(header, str(value)) for header, value in message.items()],
            text="" if text is None else text.get_content(),
            has_html=message.get_body(("html",)) is not None,
            attachments=[part.get_filename() or "unnamed" for part in message.iter_attachments()],
        )
        response.headers["Content-Security-Policy"] = _AROUND_MAIL
        return response

    @app.get("/mailbox/{name}/html", include_in_schema=False)
    def html(request: Request, viewer: Who, name: str) -> Response:
        body = _message(_file(request, viewer.is_platform, name)).get_body(("html",))
        if body is None:
            raise ProblemError(Problem.NOT_FOUND)
        return HTMLResponse(body.get_content(), headers={"Content-Security-Policy": _OF_MAIL})


def _files(request: Request, is_platform: bool) -> list[Path]:
    folder = dashboard_of(request).settings.dashboard_mailbox
    if folder is None or not is_platform:
        raise ProblemError(Problem.NOT_FOUND)
    return sorted(folder.glob("*.eml"), key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)


def _file(request: Request, is_platform: bool, name: str) -> Path:
    """The mail of that name, of those that are there: a name is never a way out of the folder."""
    found = {path.name: path for path in _files(request, is_platform)}
    if name not in found:
        raise ProblemError(Problem.NOT_FOUND)
    return found[name]


def _message(path: Path) -> EmailMessage:
    with path.open("rb") as file:
        return BytesParser(EmailMessage, policy=policy.default).parsebytes(file.read(_SHOWN_BYTES))


def _mail(path: Path, message: EmailMessage) -> Mail:
    subject, sender, to = (str(message[header] or "") for header in ("Subject", "From", "To"))
    return Mail(path.name, subject, sender, to, path.stat().st_mtime_ns // 1_000_000)
