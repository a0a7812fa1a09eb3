"""Secrets that somebody holds, of which only digests are kept. They are long and random: a plain digest is enough."""

from hashlib import sha256
from secrets import token_urlsafe

_BYTES = 32


def new_secret() -> str:
    """A secret that nobody guesses, good for headers, cookies and addresses."""
    return token_urlsafe(_BYTES)


def digest_of(secret: str) -> bytes:
    """What is kept of it."""
    return sha256(secret.encode(errors="replace")).digest()
