"""The body of a request, never more of it in memory than allowed, and not waited for without end."""

import asyncio
import zlib
from typing import Final

from fastapi import Request

from streams.web.headers import header
from streams.web.problem import Problem, ProblemError

LIMIT_BYTES: Final = 1_000_000
TIMEOUT_S: Final = 10.0


_GZIP: Final = 16 + zlib.MAX_WBITS


def media_type(request: Request) -> str:
    """What the body is said to be, without parameters, in small letters; empty if nothing is said."""
    return header(request, b"content-type").partition(";")[0].strip().lower()


async def read_body(request: Request) -> bytes:
    """The whole body, unpacked if it came as gzip.

    Raises:
        ProblemError: TOO_LARGE, TOO_SLOW, CODING, BAD_REQUEST for what is no gzip.
    """
    coding = header(request, b"content-encoding", "identity").strip().lower()
    if coding not in ("identity", "gzip", "x-gzip"):
        raise ProblemError(Problem.CODING)
    body = await _received(request)
    return body if coding == "identity" else _unpacked(body)


async def _received(request: Request) -> bytes:
    announced = header(request, b"content-length")
    length = int(announced) if announced.isdecimal() else None
    if length is not None and length > LIMIT_BYTES:
        raise ProblemError(Problem.TOO_LARGE)
    body = bytearray()
    try:
        async with asyncio.timeout(TIMEOUT_S):
            is_more = True
            # To ask the server whether the announced length is all would cost as much as to check the token.
            while is_more and len(body) != length:
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise ProblemError(Problem.TOO_SLOW)  # nobody hears it, but it is no fault of ours
                body += message.get("body", b"")
                is_more = message.get("more_body", False)
                if len(body) > LIMIT_BYTES:
                    raise ProblemError(Problem.TOO_LARGE)
    except TimeoutError:
        raise ProblemError(Problem.TOO_SLOW) from None
    return bytes(body)


def _unpacked(packed: bytes) -> bytes:
    """The content of a gzip file, of all its members, never more of it than a body may have."""
    body, rest = b"", packed
    while rest:
        member = zlib.decompressobj(_GZIP)
        try:
            body += member.decompress(rest, LIMIT_BYTES + 1 - len(body))
        except zlib.error:
            raise ProblemError(Problem.BAD_REQUEST, fault="The body is no gzip") from None
        if len(body) > LIMIT_BYTES:
            raise ProblemError(Problem.TOO_LARGE)
        if not member.eof:
            raise ProblemError(Problem.BAD_REQUEST, fault="The gzip of the body is cut short")
        rest = member.unused_data
    return body
