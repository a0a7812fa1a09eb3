"""Mail as a channel: some connections to one server, kept open while there is something to send."""

import asyncio
import time
from datetime import datetime
from typing import Final

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

from streams.notifier.channel import SEND_S, Accepted, Message, Outcome, Permanent, Temporary, Unauthorised
from streams.notifier.mail.conversation import Conversation, converse
from streams.notifier.mail.letter import Sender, letter
from streams.notifier.mail.server import MailServer
from streams.notifier.mail.transfer import CLOSING, forget, transfer
from streams.notifier.notification import Notification
from streams.notifier.target import SMTP as NAME
from streams.notifier.target import Target

AT_ONCE: Final = 8
MOST_LISTED: Final = 500
"""In one digest, so that mail servers take it."""
_IDLE_S: Final = 20.0  # shorter than servers wait for the next mail
_CONNECT_S: Final = 10.0
_FINAL: Final = 500
_TOO_LARGE: Final = 552  # RFC 1870, 6.2
_LOGIN: Final = frozenset({530, 534, 535, 538})  # RFC 4954, 6


class SmtpChannel:
    """Hands mails to a server, one recipient each."""

    name = NAME
    at_once = AT_ONCE
    most_listed = MOST_LISTED

    def __init__(self, server: MailServer, sender: Sender, *, idle_s: float = _IDLE_S, send_s: float = SEND_S) -> None:
        self._server = server
        self._sender = sender
        self._idle_s = idle_s
        self._send_s = send_s
        self._idle: list[tuple[Conversation, float]] = []

    def pause_key(self, target: Target) -> str:
        """There is one server for all."""
        return self.name

    def render(self, told: Notification, target: Target, delivery_id: str, now: datetime) -> Message:
        """The whole mail."""
        return Message(delivery_id, letter(told, target, delivery_id, self._sender, now))

    async def send(self, message: Message, target: Target) -> Outcome:
        """Hand it over. Where the connection breaks nobody can tell, and it is sent again."""
        try:
            async with asyncio.timeout(self._send_s):
                return await self._hand_over(message, target)
        except TimeoutError:
            return Temporary(f"no answer within {self._send_s:g} s")
        except SMTPException as problem:
            return _outcome(problem)

    async def close(self) -> None:
        """Let go of all connections."""
        while self._idle:
            conversation, _ = self._idle.pop()
            conversation.close()

    async def _hand_over(self, message: Message, target: Target) -> Outcome:
        try:
            conversation = await self._connected()
        except (SMTPException, OSError, TimeoutError) as problem:
            why = f"{self._server.host}:{self._server.port}: {_said(problem)}"
            # aiosmtplib has no class of its own for a server that offers no STARTTLS, or no login, where it must.
            refused = type(problem) is SMTPException or _is_final(problem, SMTPAuthenticationError)
            return Unauthorised(why) if refused else Temporary(why, is_theirs=True)
        try:
            outcome = await self._transferred(conversation, message, target)
        except BaseException:
            conversation.close()
            raise
        if conversation.is_open:
            self._idle.append((conversation, time.monotonic()))
        return outcome

    async def _transferred(self, conversation: Conversation, message: Message, target: Target) -> Outcome:
        said = transfer(
            self._sender.address,
            target.address,
            message.body,
            says_size=conversation.says_size,
            says_all=conversation.says_all,
        )
        try:
            answer = await conversation.hold(said)
        except (SMTPRecipientRefused, SMTPSenderRefused, SMTPDataError) as problem:
            await _forget(conversation)
            return _outcome(problem)
        return Accepted(answer[:200])

    async def _connected(self) -> Conversation:
        """A connection that was kept, if it is still good, or a new one."""
        while self._idle:
            conversation, since_s = self._idle.pop()
            if conversation.is_open and time.monotonic() - since_s < self._idle_s:
                return conversation
            conversation.close()
        server = self._server
        client = SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.is_tls,
            # None: where it is offered, for nobody listens on the way to this machine itself.
            start_tls=False if server.is_tls else None if server.is_local else True,
            validate_certs=server.is_tls or not server.is_local,
            timeout=self._send_s,
            username=server.user,
            password=server.password,
            local_hostname=self._sender.domain,
        )
        async with asyncio.timeout(_CONNECT_S):
            await client.connect()
            return await converse(client)


async def _forget(conversation: Conversation) -> None:
    """Where even that does not go well, the connection is not used again."""
    if conversation.is_open:
        try:
            await conversation.hold(forget())
        except SMTPException:
            conversation.close()


def _outcome(problem: SMTPException) -> Outcome:
    """What an answer of the server means. Source: RFC 5321, 4.2.1: 4 is for now, 5 for good."""
    if not isinstance(problem, SMTPResponseException):
        return Temporary(_said(problem))
    if problem.code == CLOSING:
        return Temporary(_said(problem), is_theirs=True)
    if problem.code in _LOGIN or (_is_final(problem, SMTPSenderRefused) and problem.code != _TOO_LARGE):
        return Unauthorised(_said(problem))  # whoever the recipient is
    return Permanent(_said(problem)) if _is_final(problem, SMTPResponseException) else Temporary(_said(problem))


def _is_final(problem: BaseException, kind: type[SMTPResponseException]) -> bool:
    return isinstance(problem, kind) and problem.code >= _FINAL


def _said(problem: BaseException) -> str:
    if isinstance(problem, SMTPResponseException):
        return f"{problem.code} {problem.message}"
    if isinstance(problem.__cause__, OSError):  # of aiosmtplib's own words nothing is left where that has none
        problem = problem.__cause__
    return str(problem) or type(problem).__name__
