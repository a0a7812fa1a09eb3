"""Dialogues with a mail server over a real connection, whatever it answers and however its answers are cut."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import pytest
from aiosmtplib import SMTP, SMTPDataError, SMTPException, SMTPRecipientRefused, SMTPServerDisconnected

from streams.notifier.mail.conversation import Conversation, converse
from streams.notifier.mail.transfer import Dialogue, forget, transfer

MAIL = b"Subject: x\r\n\r\n.begins with a dot\r\n"
GOOD = (b"250 2.1.0 sender ok\r\n", b"250 2.1.5 recipient ok\r\n", b"354 go on\r\n", b"250 2.0.0 queued\r\n")


class Server:
    """Greets, then gives these answers one by one, in pieces of so many octets, and closes; `heard` is what came.

    One that `takes_all` offers PIPELINING, and answers nothing of a mail before its DATA came.
    """

    def __init__(self, *answers: bytes, piece: int = 1_000, takes_all: bool = False) -> None:
        self.heard: list[bytes] = []
        self._answers = answers
        self._piece = piece
        self._takes_all = takes_all
        self._offers = b"250-mail.test\r\n" + takes_all * b"250-PIPELINING\r\n" + b"250 SIZE 1000\r\n"
        self.closed = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(EOFError, ConnectionError):  # whoever asks has gone
            await self._answer(reader, writer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        self.closed.set()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.test\r\n")
        await reader.readline()
        writer.write(self._offers)
        came: list[bytes] = []
        goes_on = False
        for answer in self._answers:
            if not came:
                came.append(await reader.readline())
                if self._takes_all and came[0].startswith(b"MAIL"):
                    came += [await reader.readline(), await reader.readline()]
            line = came.pop(0)
            if goes_on and line != b".\r\n":
                line += await reader.readuntil(b"\r\n.\r\n")
            self.heard.append(line)
            goes_on = answer.startswith(b"354")
            if not answer:  # it is waited for in vain
                await reader.read()
                return
            for at in range(0, len(answer), self._piece):
                writer.write(answer[at : at + self._piece])
                await writer.drain()
                await asyncio.sleep(0)


def held(server: Server, act: Callable[[Conversation], Awaitable[None]]) -> None:
    """Have a conversation with it."""

    async def run() -> None:
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        async with listening:
            client = SMTP(hostname="127.0.0.1", port=listening.sockets[0].getsockname()[1], start_tls=False)
            await client.connect()
            conversation = await converse(client)
            try:
                await act(conversation)
            finally:
                conversation.close()
                await server.closed.wait()
                await asyncio.sleep(0)

    asyncio.run(run())


def a_mail(*, to: str = "sre@acme.example") -> Dialogue:
    return transfer("slo@slo.example", to, MAIL, says_size=True, says_all=False)


def all_said(conversation: Conversation) -> Dialogue:
    return transfer("slo@slo.example", "sre@acme.example", MAIL, says_size=True, says_all=conversation.says_all)


@pytest.mark.parametrize("takes_all", [False, True])
@pytest.mark.parametrize("piece", [1, 2, 3, 7, 1_000])
def test_a_mail_is_handed_over_however_the_answers_are_cut(piece: int, takes_all: bool) -> None:
    long = b"250-2.1.0 sender\r\n250-is\r\n250 ok\r\n"
    server = Server(long, *GOOD[1:], *GOOD, piece=piece, takes_all=takes_all)

    async def act(conversation: Conversation) -> None:
        assert conversation.says_all is takes_all
        for _ in range(2):
            assert await conversation.hold(all_said(conversation)) == "2.0.0 queued"

    held(server, act)
    assert server.heard[:4] == [
        b"MAIL FROM:<slo@slo.example> size=%d\r\n" % len(MAIL),
        b"RCPT TO:<sre@acme.example>\r\n",
        b"DATA\r\n",
        b"Subject: x\r\n\r\n..begins with a dot\r\n.\r\n",
    ]
    assert server.heard[4:] == server.heard[:4]


def test_after_a_refusal_that_is_forgotten_the_connection_is_good_for_another_mail() -> None:
    server = Server(GOOD[0], b"550 5.1.1 nobody here\r\n", b"250 forgotten\r\n", *GOOD)

    async def act(conversation: Conversation) -> None:
        with pytest.raises(SMTPRecipientRefused, match="nobody here"):
            await conversation.hold(a_mail())
        assert conversation.is_open
        await conversation.hold(forget())
        assert await conversation.hold(a_mail()) == "2.0.0 queued"

    held(server, act)
    assert server.heard[2] == b"RSET\r\n"


NOBODY = (GOOD[0], b"550 5.1.1 nobody here\r\n")


@pytest.mark.parametrize(
    ("answers", "said_last"),
    [((b"554 5.5.1 no recipient\r\n",), b"DATA\r\n"), ((GOOD[2], b"554 5.5.1 no recipient\r\n"), b".\r\n")],
)
def test_who_is_refused_amid_all_that_was_said_gets_no_mail(answers: tuple[bytes, ...], said_last: bytes) -> None:
    server = Server(*NOBODY, *answers, b"250 forgotten\r\n", *GOOD, takes_all=True)

    async def act(conversation: Conversation) -> None:
        with pytest.raises(SMTPRecipientRefused, match="nobody here"):
            await conversation.hold(all_said(conversation))
        await conversation.hold(forget())
        assert await conversation.hold(all_said(conversation)) == "2.0.0 queued"

    held(server, act)
    assert server.heard[:2] + server.heard[2 : 2 + len(answers)][-1:] == [
        b"MAIL FROM:<slo@slo.example> size=%d\r\n" % len(MAIL),
        b"RCPT TO:<sre@acme.example>\r\n",
        said_last,
    ]


@pytest.mark.parametrize("before", [0, 1, 2, 3])
def test_a_server_that_closes_amid_all_that_was_said_is_heard(before: int) -> None:
    async def act(conversation: Conversation) -> None:
        with pytest.raises(SMTPException, match="shutting down"):
            await conversation.hold(all_said(conversation))
        assert not conversation.is_open

    held(Server(*GOOD[:before], b"421 shutting down\r\n", takes_all=True), act)


def test_a_server_that_closes_is_not_talked_to_any_more() -> None:
    async def act(conversation: Conversation) -> None:
        with pytest.raises(SMTPException, match="shutting down"):
            await conversation.hold(a_mail())
        assert not conversation.is_open
        with pytest.raises(SMTPServerDisconnected):
            await conversation.hold(a_mail())

    held(Server(b"421 shutting down\r\n"), act)


@pytest.mark.parametrize("answers", [GOOD[:1], GOOD[:3]])
def test_a_connection_that_breaks_is_said(answers: tuple[bytes, ...]) -> None:
    async def act(conversation: Conversation) -> None:
        with pytest.raises(SMTPServerDisconnected):
            await conversation.hold(a_mail())
        assert not conversation.is_open

    held(Server(*answers), act)


@pytest.mark.parametrize("answer", [b"what?\r\n", b"250-" + 40_000 * b"x" + b"\r\n"])
def test_an_answer_that_is_none_is_no_yes(answer: bytes) -> None:
    async def act(conversation: Conversation) -> None:
        with pytest.raises(SMTPException):
            await conversation.hold(a_mail())

    held(Server(answer), act)


def test_what_is_said_unasked_and_in_other_characters_does_no_harm() -> None:
    async def act(conversation: Conversation) -> None:
        assert await conversation.hold(a_mail()) == "queu\N{REPLACEMENT CHARACTER}"
        with pytest.raises(SMTPDataError, match="full"):
            await conversation.hold(a_mail())

    held(Server(*GOOD[:3], b"250 queu\xe9\r\n250 twice\r\n", *GOOD[:3], b"452 full\r\n"), act)


@pytest.mark.parametrize("address", ["a\x07@b.example", "ä@b.example"])
def test_an_address_is_no_command(address: str) -> None:
    server = Server(*GOOD)

    async def act(conversation: Conversation) -> None:
        with pytest.raises(ValueError, match=r"address|ascii"):
            await conversation.hold(a_mail(to=address))
        assert await conversation.hold(a_mail()) == "2.0.0 queued"

    held(server, act)
    assert len(server.heard) == len(GOOD)


def test_a_mail_that_is_given_up_ends_its_connection() -> None:
    async def act(conversation: Conversation) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await conversation.hold(a_mail())
        assert not conversation.is_open

    held(Server(GOOD[0], b""), act)
