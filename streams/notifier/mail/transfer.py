"""What is said to a mail server to hand it a mail, one line after the other. Pure. Source: RFC 5321.

`SMTP.sendmail` of aiosmtplib reads each mail through three times to make it fit to be sent, which takes longer than all
else: ours are so when they are rendered, each line ends in CR LF.
"""

from collections.abc import Generator
from functools import lru_cache
from typing import Final

from aiosmtplib import SMTPDataError, SMTPRecipientRefused, SMTPResponse, SMTPResponseException, SMTPSenderRefused
from aiosmtplib.email import quote_address

Dialogue = Generator[bytes, SMTPResponse, str]
"""Yields what is said, is sent what is answered, and gives the last answer; raises where something is refused.

Where more was said at once than one command, it yields nothing to be sent the next answer.
"""
_OK: Final = 250
_WILL_FORWARD: Final = 251
_GO_ON: Final = 354
CLOSING: Final = 421
"""The server shuts down, whatever it was asked (RFC 5321, 3.8)."""


def transfer(sender: str, recipient: str, mail: bytes, *, says_size: bool, says_all: bool) -> Dialogue:
    """Hand a mail over; what the server says to it.

    `says_size`: the server wants to know its size (RFC 1870). `says_all`: it takes commands without waiting for its
    answers (RFC 2920), so that a mail is two round trips instead of four.

    Raises:
        ValueError: an address would be a command of its own.
        SMTPSenderRefused: the server takes nothing from this sender.
        SMTPRecipientRefused: it does not know the recipient, or not now.
        SMTPDataError: it does not take the mail.
    """
    size = b" size=%d" % len(mail) if says_size else b""
    commands = (
        b"MAIL FROM:" + _quoted(sender) + size + b"\r\n",
        b"RCPT TO:" + _quoted(recipient) + b"\r\n",
        b"DATA\r\n",
    )
    problem: SMTPResponseException | None = None
    for number, said in enumerate((b"".join(commands), b"", b"") if says_all else commands):
        answer = yield said
        if problem is None:
            if number == 0 and answer.code != _OK:
                problem = SMTPSenderRefused(answer.code, answer.message, sender)
            elif number == 1 and answer.code not in (_OK, _WILL_FORWARD):
                problem = SMTPRecipientRefused(answer.code, answer.message, recipient)
        if problem is not None and (not says_all or answer.code == CLOSING):
            raise problem
    if answer.code == _GO_ON:  # a line that begins with a dot has another before it (RFC 5321, 4.5.2)
        # Whoever goes on though there is nobody to send it to gets nothing, and refuses that (RFC 2920, 3.1).
        answer = yield (mail.replace(b"\r\n.", b"\r\n..") if problem is None else b"") + b".\r\n"
    if problem is not None:
        raise problem
    if answer.code != _OK:
        raise SMTPDataError(answer.code, answer.message)
    return answer.message


def forget() -> Dialogue:
    """Have the server forget what was refused: the connection is good for another mail.

    Raises:
        SMTPResponseException: it does not want to.
    """
    answer = yield b"RSET\r\n"
    if answer.code != _OK:
        raise SMTPResponseException(answer.code, answer.message)
    return answer.message


@lru_cache(maxsize=4_096)
def _quoted(address: str) -> bytes:
    quoted = quote_address(address).encode("ascii")
    if not quoted.decode().isprintable():
        raise ValueError(f"{address[:100]!r} is no address that mail can be sent to")
    return quoted
