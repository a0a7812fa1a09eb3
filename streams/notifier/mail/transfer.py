"""Handing one mail over on an open connection. Source: RFC 5321.

`SMTP.sendmail` of aiosmtplib reads each mail through three times to make it fit to be sent, which takes longer than all
else: ours are so when they are rendered, each line ends in CR LF.
"""

from functools import lru_cache
from typing import Final

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPHeloError,
    SMTPRecipientRefused,
    SMTPResponse,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)
from aiosmtplib.email import quote_address

_OK: Final = 250
_WILL_FORWARD: Final = 251
_GO_ON: Final = 354


async def greet(client: SMTP) -> None:
    """Have both sides known to each other, if they are not yet.

    Raises:
        SMTPException: the server does not want that; the connection is closed.
    """
    if not client.is_ehlo_or_helo_needed:
        return
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


async def transfer(client: SMTP, sender: str, recipient: str, mail: bytes) -> str:
    """Hand a mail over to a server that was greeted; what it says to it. The caller limits the time.

    What is refused is forgotten by the server, too: the connection is good for another mail.

    Raises:
        SMTPException: it was refused, or the connection broke.
    """
    try:
        return await _transferred(client, sender, recipient, mail)
    except (SMTPSenderRefused, SMTPRecipientRefused, SMTPDataError):
        await _forget(client)
        raise


async def _transferred(client: SMTP, sender: str, recipient: str, mail: bytes) -> str:
    size = [b"size=%d" % len(mail)] if client.supports_extension("size") else []
    answer = await _command(client, b"MAIL", b"FROM:" + _quoted(sender), *size)
    if answer.code != _OK:
        raise SMTPSenderRefused(answer.code, answer.message, sender)
    answer = await _command(client, b"RCPT", b"TO:" + _quoted(recipient))
    if answer.code not in (_OK, _WILL_FORWARD):
        raise SMTPRecipientRefused(answer.code, answer.message, recipient)
    answer = await _command(client, b"DATA")
    if answer.code == _GO_ON:
        answer = await _content(client, mail)
    if answer.code != _OK:
        raise SMTPDataError(answer.code, answer.message)
    return answer.message


async def _command(client: SMTP, *words: bytes) -> SMTPResponse:
    return await client.execute_command(*words, timeout=None)


async def _content(client: SMTP, mail: bytes) -> SMTPResponse:
    """The mail itself; a line that begins with a dot has another before it (4.5.2)."""
    if client.protocol is None:
        raise SMTPServerDisconnected("Connection lost")
    client.protocol.write(mail.replace(b"\r\n.", b"\r\n..") + b".\r\n")
    return await client.protocol.read_response()


async def _forget(client: SMTP) -> None:
    """Where even that does not go well, the connection is not used again."""
    try:
        if client.is_connected:
            await client.rset()
    except SMTPException:
        client.close()


@lru_cache(maxsize=4_096)
def _quoted(address: str) -> bytes:
    return quote_address(address).encode("ascii")
