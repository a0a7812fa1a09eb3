"""A breach and its recovery go through a real mail server, and are read back from its mailbox by IMAP."""

import asyncio
import re
from datetime import datetime
from email.utils import format_datetime
from imaplib import IMAP4
from pathlib import Path

import pytest

from streams.notifier.contacts import Contact
from streams.notifier.mail.server import mail_server
from streams.notifier.mail.smtp import SmtpChannel
from tests.notifier.greenmail import greenmail
from tests.notifier.greenmail import greenmail_jar as greenmail_jar
from tests.notifier.office import SENDER, office
from tests.notifier.test_letter import GOLDEN, MAILS, TARGET, read

AGO_MS = 10**13


def search(box: IMAP4, header: str, value: str) -> list[bytes]:
    """Numbers of the mails whose header has this in it."""
    _, found = box.search(None, "HEADER", header, f'"{value}"')
    numbers: bytes = found[0]
    return numbers.split()


def fetch(box: IMAP4, number: bytes, what: str) -> bytes:
    """One thing about a mail, as the server says it."""
    _, [found, *_] = box.fetch(number.decode(), f"({what})")
    said = found[1] if isinstance(found, tuple) else found
    assert isinstance(said, bytes)
    return said


def golden(kind: str, at: datetime) -> bytes:
    """The golden mail of a kind, as if it were of this moment."""
    raw = (GOLDEN / f"{kind.lower()}.eml").read_bytes()
    return re.sub(rb"(?m)^Date: [^\r]+", b"Date: " + format_datetime(at).encode(), raw, count=1)


@pytest.mark.timeout(300)
def test_breach_and_recovery_come_back_as_they_were_written(database: str, greenmail_jar: Path) -> None:
    async def scenario() -> None:
        async with greenmail(greenmail_jar) as server:
            channel = SmtpChannel(mail_server(f"smtp://127.0.0.1:{server.smtp_port}"), SENDER)
            async with office(database, server.smtp_port, [TARGET], channel) as one:
                one.contact = Contact("partner@acme.example", "acme", None)
                one.rows._max_age_ms = AGO_MS  # the golden mails are of a day long ago
                await one.take_in(MAILS["breach"].data, MAILS["recovery"].data)
                await one.work()
                sent = one.select("select kind, rendered_at from slo.delivery where target = 'sre' order by seq")
            with server.log_in() as box:
                for kind, rendered_at in sent:
                    expected = golden(kind, rendered_at)
                    [number] = search(box, "X-SLO-Type", kind)
                    trace, start, rest = fetch(box, number, "BODY.PEEK[]").partition(b"From: ")
                    assert re.fullmatch(rb"Return-Path: <slo@slo.example>\r\nReceived: [^\r]+\r\n", trace)
                    assert start + rest == expected.rstrip()  # its IMAP leaves out the last line break
                    mail = read(expected)
                    envelope = fetch(box, number, "ENVELOPE").decode()
                    for name in ("Subject", "Message-ID", "In-Reply-To"):
                        assert mail[name] is None or f'"{mail[name]}"' in envelope
                    structure = fetch(box, number, "BODYSTRUCTURE").decode().lower()
                    parts = re.findall(r'\("(text|application)" "(plain|html|json)"', structure)
                    assert parts == [("text", "plain"), ("text", "html"), ("application", "json")]
                root = str(mail["In-Reply-To"])
                assert len(search(box, "References", root)) == len(sent) == 2
                assert search(box, "In-Reply-To", root) == search(box, "X-SLO-Type", "RECOVERY")

    asyncio.run(scenario())
