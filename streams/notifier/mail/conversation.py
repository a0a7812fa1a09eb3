"""A connection to a mail server that was greeted: dialogues are held by it, one after the other.

aiosmtplib opens it: TLS, login and greeting. From then on each answer is answered as it is read: by aiosmtplib's own
way of asking each line wakes a task, which takes twice as long as all that is said.
"""

import asyncio
from typing import Final, cast

from aiosmtplib import SMTP, SMTPException, SMTPHeloError, SMTPResponse, SMTPResponseException, SMTPServerDisconnected
from aiosmtplib.typing import SMTPStatus

from streams.notifier.mail.transfer import CLOSING, Dialogue

_MOST_HEARD: Final = 32_768  # of one answer: no server says as much


class Conversation(asyncio.Protocol):
    """`says_size`: the server wants to know the size of a mail before it comes.

    `says_all`: it takes commands without waiting for its answers.
    """

    def __init__(self, transport: asyncio.Transport, *, says_size: bool, says_all: bool) -> None:
        self.says_size = says_size
        self.says_all = says_all
        self._transport = transport
        self._heard = b""
        self._dialogue: Dialogue | None = None
        self._end: asyncio.Future[str]

    @property
    def is_open(self) -> bool:
        """Whether another dialogue can be held."""
        return not self._transport.is_closing()

    async def hold(self, dialogue: Dialogue) -> str:
        """What the dialogue gives. Given up before its end it closes the connection; the caller limits the time.

        Raises:
            SMTPException: something was refused, or the connection broke.
        """
        if not self.is_open:
            raise SMTPServerDisconnected("Connection lost")
        opening = next(dialogue)
        self._dialogue, self._end = dialogue, asyncio.get_running_loop().create_future()
        self._transport.write(opening)
        try:
            return await self._end
        except asyncio.CancelledError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of it."""
        self._dialogue = None
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Answer what the server answers; what it says unasked is not heard."""
        if self._dialogue is None or self._end.done():
            return
        self._heard += data
        try:
            while (found := _answer(self._heard)) is not None:
                answer, self._heard = found
                if answer.code == CLOSING:
                    self._transport.close()
                said = self._dialogue.send(answer)
                if said:
                    self._heard = b""
                    self._transport.write(said)
        except StopIteration as end:
            self._dialogue, self._heard = None, b""
            self._end.set_result(end.value)
        except SMTPException as problem:
            self._break(problem)

    def eof_received(self) -> None:
        """The connection is closed then, which `connection_lost` hears of."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever waits for an answer gets none."""
        if self._dialogue is not None and not self._end.done():
            problem = SMTPServerDisconnected("Connection lost")
            problem.__cause__ = exc
            self._break(problem)

    def _break(self, problem: SMTPException) -> None:
        self._dialogue, self._heard = None, b""
        self._end.set_exception(problem)


def _answer(heard: bytes) -> tuple[SMTPResponse, bytes] | None:
    """The first answer in what was heard, and the rest; None: it has not ended yet (RFC 5321, 4.2.1).

    Raises:
        SMTPResponseException: it is none.
    """
    said, rest = [], heard
    while b"\n" in rest:
        line, _, rest = rest.partition(b"\n")
        if not line[:3].isdigit():
            raise SMTPResponseException(SMTPStatus.invalid_response, f"Malformed SMTP response line: {_text(line)}")
        said.append(_text(line[4:]))
        if line[3:4] != b"-":
            return SMTPResponse(int(line[:3]), "\n".join(said)), rest
    if len(heard) > _MOST_HEARD:
        raise SMTPResponseException(SMTPStatus.invalid_response, "Response too long")
    return None


def _text(line: bytes) -> str:
    return line.strip().decode("utf-8", "replace")


async def converse(client: SMTP) -> Conversation:
    """Have both sides known to each other, if they are not yet, and take the connection over.

    Raises:
        SMTPException: the server does not want that; the connection is closed.
    """
    if client.is_ehlo_or_helo_needed:
        await _greet(client)
    transport = cast("asyncio.Transport", client.transport)
    says_size, says_all = (client.supports_extension(name) for name in ("size", "pipelining"))
    conversation = Conversation(transport, says_size=says_size, says_all=says_all)
    transport.set_protocol(conversation)
    return conversation


async def _greet(client: SMTP) -> None:
    try:
        await client.ehlo()
    except SMTPHeloError:
        await _greet_as_of_old(client)


async def _greet_as_of_old(client: SMTP) -> None:
    """As servers want it that know no extensions."""
    try:
        await client.helo()
    except SMTPException:
        client.close()
        raise
