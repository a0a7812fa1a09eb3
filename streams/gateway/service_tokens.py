"""Services that may send events: each has a bearer token of its own, and a name to be counted by."""

from collections.abc import Mapping
from hashlib import sha256
from hmac import compare_digest


class ServiceTokens:
    """Knows services by their tokens, of which it keeps digests only.

    A service may have several tokens, while one replaces another.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        """From token -> name."""
        self._names = [(_digest(token), name) for token, name in names.items()]

    def __bool__(self) -> bool:
        return bool(self._names)

    def name_of(self, authorization: str | None) -> str | None:
        """The service with the token of an Authorization header, `Bearer <token>`; in the same time for any token."""
        scheme, _, token = (authorization or "").partition(" ")
        given, found = _digest(token), None
        for digest, name in self._names:
            if compare_digest(digest, given):
                found = name
        return found if scheme.lower() == "bearer" else None


def _digest(token: str) -> bytes:
    return sha256(token.encode(errors="replace")).digest()
