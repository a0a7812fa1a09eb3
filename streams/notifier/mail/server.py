"""The mail server that mails are handed to, as `SLO_SMTP_URL` names it."""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote, urlsplit

from streams.outbound.reach import is_this_machine

_PORTS: Final = {"smtp": 25, "smtps": 465}


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where it is, and as whom mail is handed to it; `is_tls`: from the first byte on, else by STARTTLS.

    Without TLS nothing goes to another machine.
    """

    host: str
    port: int
    is_tls: bool
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def is_local(self) -> bool:
        """Whether it is this machine."""
        return is_this_machine(self.host)


def mail_server(url: str) -> MailServer:
    """The server that a URL names: `smtp://user:password@host:587`.

    Raises:
        ValueError: it names none; the message holds nothing of it, as it may be a secret.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
        parts = urlsplit("")
    if parts.scheme not in _PORTS or not host or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("it is no URL of a mail server, as smtp://user:password@host:587 or smtps://host")
    if (parts.username is None) != (parts.password is None):
        raise ValueError("it has a user without a password, or a password without a user")
    user = None if parts.username is None else unquote(parts.username)
    password = None if parts.password is None else unquote(parts.password)
    return MailServer(host, port or _PORTS[parts.scheme], parts.scheme == "smtps", user, password)
