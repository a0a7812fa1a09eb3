"""The body of a request, never more of it in memory than allowed, and not waited for without end."""

import asyncio
from typing import Final

from fastapi import Request

from streams.gateway.problem import Problem, ProblemError

LIMIT_BYTES: Final = 1_000_000
TIMEOUT_S: Final = 10.0


async def read_body(request: Request) -> bytes:
    """The whole body.

    Raises:
        ProblemError: TOO_LARGE, TOO_SLOW.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > LIMIT_BYTES:
        raise ProblemError(Problem.TOO_LARGE)
    body = bytearray()
    try:
        async with asyncio.timeout(TIMEOUT_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > LIMIT_BYTES:
                    raise ProblemError(Problem.TOO_LARGE)
    except TimeoutError:
        raise ProblemError(Problem.TOO_SLOW) from None
    return bytes(body)
