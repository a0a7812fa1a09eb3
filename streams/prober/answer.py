"""Reading an HTTP/1.1 answer as a browser does: what browsers let pass is no outage of the app.

The parsers of servers refuse headers that every browser and curl take: a space in a name, no name, over a hundred of
them, bytes behind the body. Nothing here is passed on to anybody, so that there is no harm in taking them: of an answer
only its status and where it ends are wanted. Source: RFC 9112, and what Chromium does with answers that break it.
"""

import asyncio
import re
from typing import Final

HEAD_LIMIT_BYTES: Final = 256 * 1024
"""Of status line and headers; Chromium's limit, too."""

READ_LIMIT_BYTES: Final = 65_536
"""Of a longer body, only so much is read: an endless one must not hold the check, nor fill the memory."""

_STATUS_LINE: Final = re.compile(rb"(?:HTTP/\d+(?:\.\d+)?|ICY)\s+(\d{3})(?!\d)", re.IGNORECASE)
_CHUNK_SIZE: Final = re.compile(rb"([0-9a-fA-F]{1,16})\s*(?:;.*)?")
_FRAMING: Final = (b"content-length", b"transfer-encoding")


class BadAnswerError(Exception):
    """What came is no whole answer; the message says what is wrong."""


async def read_answer(reader: asyncio.StreamReader) -> int:
    """The status of the final answer, once its body is read to its end or to the limit.

    The reader's own limit has to be at least HEAD_LIMIT_BYTES.

    Raises:
        BadAnswerError: it is no HTTP, or cut short.
    """
    try:
        status, framing = await _read_head(reader)
        while 100 <= status < 200 and status != 101:
            status, framing = await _read_head(reader)
        if status not in (101, 204, 304):
            await _read_body(reader, framing)
    except asyncio.IncompleteReadError:
        raise BadAnswerError("the connection was closed before the end of the answer") from None
    except asyncio.LimitOverrunError:
        raise BadAnswerError("a line of the answer has no end") from None
    return status


async def _read_head(reader: asyncio.StreamReader) -> tuple[int, dict[bytes, list[bytes]]]:
    line, left = b"", HEAD_LIMIT_BYTES
    while not line:  # blank lines before an answer are passed over
        line = await _read_line(reader, left)
        left -= len(line) + 1
    match = _STATUS_LINE.match(line)
    if match is None:
        raise BadAnswerError(f"no HTTP answer: it begins with {line[:60]!r}")
    framing: dict[bytes, list[bytes]] = {name: [] for name in _FRAMING}
    while line := await _read_line(reader, left):
        left -= len(line) + 1
        name, _, value = line.partition(b":")
        values = framing.get(name.strip().lower())
        if values is not None:
            values += [one.strip().lower() for one in value.split(b",")]
    return int(match[1]), framing


async def _read_line(reader: asyncio.StreamReader, left: int) -> bytes:
    """A line without its end, LF or CRLF, of at most `left` bytes."""
    line = await reader.readuntil(b"\n")
    if b"\0" in line:
        raise BadAnswerError("its headers hold a zero byte")
    if len(line) > left:
        raise BadAnswerError(f"its headers are longer than {HEAD_LIMIT_BYTES // 1024} KiB")
    return line.rstrip(b"\r\n")


async def _read_body(reader: asyncio.StreamReader, framing: dict[bytes, list[bytes]]) -> None:
    if b"chunked" in framing[b"transfer-encoding"]:
        await _read_chunks(reader)
        return
    lengths = set(framing[b"content-length"])
    if len(lengths) > 1:
        raise BadAnswerError("it has two lengths")
    length = lengths.pop() if lengths else b""
    if length.isdigit():
        await reader.readexactly(min(int(length), READ_LIMIT_BYTES))
        return
    left = READ_LIMIT_BYTES  # no length, or none that is a number: the body ends with the connection
    while left > 0 and (piece := await reader.read(left)):
        left -= len(piece)


async def _read_chunks(reader: asyncio.StreamReader) -> None:
    left = READ_LIMIT_BYTES
    while left > 0:
        line = await _read_line(reader, HEAD_LIMIT_BYTES)
        size = _CHUNK_SIZE.fullmatch(line.strip())
        if size is None:
            raise BadAnswerError(f"a chunk has no size: {line[:60]!r}")
        length = int(size[1], 16)
        if length == 0:
            return  # trailers, and what comes behind, are nobody's business
        await reader.readexactly(min(length, left))
        left -= length
        if left > 0 and (await _read_line(reader, HEAD_LIMIT_BYTES)):
            raise BadAnswerError("a chunk is longer than it says")
