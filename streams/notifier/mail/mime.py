"""Mails as bytes, put together by hand: `email` parses every header that it is given, which takes longer than all else.

Source: RFC 5322, RFC 2045 to 2047; `tests/notifier/test_letter.py` reads them back by `email`.
"""

from base64 import encodebytes
from collections.abc import Iterable
from email.header import Header
from email.quoprimime import body_encode
from typing import Final

MOST_OF_A_LINE: Final = 990
"""Octets of a line that every mail server takes as it is."""


def header(name: str, value: str) -> bytes:
    """One header; other characters than those of ASCII as encoded words.

    Raises:
        ValueError: the value would begin another header.
    """
    if "\r" in value or "\n" in value:
        raise ValueError(f"{name} has more than one line")
    if value.isascii():
        return f"{name}: {value}\r\n".encode()
    return f"{name}: {Header(value, 'utf-8', header_name=name).encode(linesep=chr(13) + chr(10))}\r\n".encode()


def text_part(subtype: str, text: str) -> bytes:
    """A text as it is, so that programs find the data in the raw mail; quoted-printable where that cannot be sent."""
    charset = "us-ascii" if text.isascii() else "utf-8"
    lines = text.splitlines()
    if text.isascii() and max(map(len, lines), default=0) <= MOST_OF_A_LINE:
        return _part(f'text/{subtype}; charset="{charset}"', "7bit", "\r\n".join([*lines, ""]).encode())
    octets = "\n".join([*lines, ""]).encode().decode("latin-1")  # as `body_encode` takes them
    encoded = body_encode(octets, eol="\r\n").encode("ascii")
    return _part(f'text/{subtype}; charset="{charset}"', "quoted-printable", encoded)


def attachment(name: str, content_type: str, content: bytes) -> bytes:
    """A file."""
    encoded = encodebytes(content).replace(b"\n", b"\r\n")
    return _part(content_type, "base64", encoded, f'Content-Disposition: attachment; filename="{name}"\r\n'.encode())


def multipart(subtype: str, boundary: str, parts: Iterable[bytes]) -> bytes:
    """Parts one after the other; the boundary is in none of them."""
    mark = boundary.encode()
    body = b"".join(b"--" + mark + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + mark + b"--\r\n"
    return f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'.encode() + body


def _part(content_type: str, encoding: str, content: bytes, more: bytes = b"") -> bytes:
    head = f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: {encoding}\r\n".encode()
    return head + more + b"\r\n" + content
