"""A mail server that takes, refuses, loses or holds mail as a test wants it to."""

import asyncio
import ssl
import time
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


@dataclass
class Received:
    """One mail as it came; `greeting` is what its sender called itself, `at_s` when it was accepted, monotonic."""

    recipient: str
    raw: bytes
    greeting: str = ""
    at_s: float = 0.0

    @property
    def mail(self) -> EmailMessage:
        """Read by Python."""
        mail = message_from_bytes(self.raw, policy=policy.SMTP)
        assert isinstance(mail, EmailMessage)
        return mail

    @property
    def subject(self) -> str:
        return str(self.mail["Subject"])


Answer = Callable[[str, int], str | None]
"""What the server says to a recipient, or to the data of a mail to one, the nth time; None: yes."""

DROP = "DROP"
HANG = "HANG"
KEEP_AND_DROP = "KEEP AND DROP"


@dataclass
class MailServer:
    """Faults are by recipient. `DROP` ends the connection, `KEEP_AND_DROP` too but has the mail; `HANG`: no answer.

    With `tls` it offers STARTTLS, or speaks TLS only if `is_tls_from_the_start`. With `users` it takes mail from them
    alone; `logins` are the names and passwords that it was told, `in_the_clear` what it was told without TLS.
    """

    at_recipient: Answer = lambda _who, _times: None
    at_data: Answer = lambda _who, _times: None
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    tls: ssl.SSLContext | None = None
    is_tls_from_the_start: bool = False
    users: dict[str, str] = field(default_factory=dict)
    logins: list[tuple[str, str]] = field(default_factory=list)
    in_the_clear: list[str] = field(default_factory=list)
    _asked: dict[tuple[str, str], int] = field(default_factory=dict)
    _protocols: list[SMTP] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def subjects(self) -> list[str]:
        return [one.subject for one in self.received]

    def _times(self, what: str, who: str) -> int:
        self._asked[what, who] = self._asked.get((what, who), 0) + 1
        return self._asked[what, who]

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, host: str, said: list[str]) -> list[str]:  # noqa: N802
        session.host_name = host
        return [said[0], "250-PIPELINING", *said[1:]]  # as the servers that people have

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if session.ssl is None and not self.is_tls_from_the_start:
            self.in_the_clear.append(address)
        envelope.mail_from = address
        return "250 OK"

    def _log_in(self, server: Any, session: Any, envelope: Any, mechanism: str, data: LoginPassword) -> AuthResult:
        told = data.login.decode(), data.password.decode()
        self.logins.append(told)
        if session.ssl is None and not self.is_tls_from_the_start:
            self.in_the_clear.append(told[0])
        # aiosmtpd answers with 535 itself
        return AuthResult(success=self.users.get(told[0]) == told[1], handled=False)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        answer = await self._act(server, self.at_recipient(address, self._times("rcpt", address)))
        if answer is not None:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        who = envelope.rcpt_tos[0]
        wanted = self.at_data(who, self._times("data", who))
        if wanted in (None, KEEP_AND_DROP):
            self.received.append(Received(who, envelope.original_content, session.host_name, time.monotonic()))
        return await self._act(server, wanted) or "250 2.0.0 queued as 4711"

    async def _act(self, server: Any, answer: str | None) -> str | None:
        if answer in (DROP, KEEP_AND_DROP):
            server.transport.abort()
            await asyncio.sleep(0)
            return "250 nobody hears this"
        if answer == HANG:
            await asyncio.Event().wait()
        return answer

    def protocol(self) -> SMTP:
        self.connections += 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # it does not see TLS from the start
            made = SMTP(
                self,
                hostname="mail.test",
                tls_context=None if self.is_tls_from_the_start else self.tls,
                auth_required=bool(self.users),
                auth_require_tls=not self.is_tls_from_the_start,
                authenticator=self._log_in,
            )
        self._protocols.append(made)
        return made

    def abort(self) -> None:
        """End all connections."""
        for one in self._protocols:
            if one.transport is not None:
                one.transport.close()


@asynccontextmanager
async def mail_server(server: MailServer | None = None, port: int = 0) -> AsyncIterator[MailServer]:
    """Running on a port of this machine."""
    box = server or MailServer()
    listening = await asyncio.get_running_loop().create_server(
        box.protocol, "127.0.0.1", port, ssl=box.tls if box.is_tls_from_the_start else None
    )
    box.port = listening.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        listening.close()
        box.abort()
        await asyncio.sleep(0)
