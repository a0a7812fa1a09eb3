"""What goes with every answer: headers that bind the browser, and a tag by which an unchanged one is not sent again.

Scripts and styles come from here and nowhere else; text never becomes markup or script by accident (Trusted Types).
"""

import re
from hashlib import sha256
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streams.commas import by_commas

CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
# When a page was read is no part of what it says: an unchanged one is known by the rest.
_READ: Final = re.compile(rb"<!--read-->.*?<!--/read-->", re.DOTALL)
_ALWAYS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "private, no-cache",
}


def with_headers(app: ASGIApp) -> ASGIApp:
    """The app, whose answers carry these headers unless they have their own."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _ALWAYS.items():
                    headers.setdefault(name, value)
            await send(message)

        await app(scope, receive, sent if scope["type"] == "http" else send)

    return call


def with_tags(app: ASGIApp) -> ASGIApp:
    """The app, whose whole answers to GET have an ETag: of an answer that the caller has already only 304 is sent.

    Answers that come in pieces pass as they are.
    """

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        known = Headers(scope=scope).get("if-none-match", "") if scope["type"] == "http" else ""
        start: Message | None = None

        async def sent(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and message["status"] == 200:
                start = message
                return
            if start is not None:
                first, start = start, None
                if not message.get("more_body", False):
                    message = _tagged(first, message, known)
                await send(first)
            await send(message)

        is_tagged = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
        await app(scope, receive, sent if is_tagged else send)

    return call


def _tagged(start: Message, body: Message, known: str) -> Message:
    headers = MutableHeaders(scope=start)
    whole = body.get("body", b"")
    # Of a page alone: what else is answered holds text of anybody as it is, and so what looks like these marks.
    said = _READ.sub(b"", whole) if headers.get("content-type", "").startswith("text/html") else whole
    tag = headers.setdefault("ETag", f'W/"{sha256(said).hexdigest()[:32]}"')
    if tag.removeprefix("W/") not in (one.removeprefix("W/") for one in by_commas(known)):
        return body
    start["status"] = 304
    del headers["content-length"], headers["content-type"]
    return {"type": "http.response.body", "body": b""}
