"""The mails that a notifier on this machine has sent, kept by `slo-streams run`: what its receivers would see."""

from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Final

from fastapi import FastAPI, Request, Response

from streams.dashboard.dashboard import Who, dashboard_of
from streams.dashboard.pages.mail_view import around_mail, mail_html, mail_parts, read_mail
from streams.dashboard.pages.render import render
from streams.web.problem import Problem, ProblemError

_MOST: Final = 100
_SHOWN_BYTES: Final = 1_000_000


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
        page = render(request, viewer, "mail.html", page="mailbox", mail=_mail(path, message), **mail_parts(message))
        return around_mail(page)

    @app.get("/mailbox/{name}/html", include_in_schema=False)
    def html(request: Request, viewer: Who, name: str) -> Response:
        return mail_html(_message(_file(request, viewer.is_platform, name)))


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
        return read_mail(file.read(_SHOWN_BYTES))


def _mail(path: Path, message: EmailMessage) -> Mail:
    subject, sender, to = (str(message[header] or "") for header in ("Subject", "From", "To"))
    return Mail(path.name, subject, sender, to, path.stat().st_mtime_ns // 1_000_000)
