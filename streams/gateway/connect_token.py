"""Connect tokens: a JWT by which an app shows that it sends this very request for one of its installations.

Nothing in a token decides how it is checked. The algorithm is HS256 whatever its header says, and the key is that of
the installation which its issuer names. PyJWT reads headers and keys; the claims are read here, once: its own way
through a token takes five times as long.
"""

from base64 import urlsafe_b64decode
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from hmac import compare_digest, digest
from typing import Final

import jwt
import msgspec
from jwt.algorithms import HMACAlgorithm
from jwt.utils import base64url_encode

from streams.gateway.installations import Installed
from streams.gateway.qsh import query_string_hash
from streams.web.problem import Problem, ProblemError

LEEWAY_S: Final = 30
LONGEST_S: Final = 300
"""How long a token may be valid: from `iat` to `exp`."""

REPLAYABLE_S: Final = LONGEST_S + 2 * LEEWAY_S
"""How long after its first use a token could be used once more."""

_TOKEN_BYTES: Final = 8_192
_HS256: Final = HMACAlgorithm(HMACAlgorithm.SHA256)
# Beside its own errors PyJWT lets through what broken JSON, deep nesting, and non-ASCII text bring about.
_UNREADABLE: Final = (jwt.PyJWTError, msgspec.DecodeError, ValueError, TypeError, RecursionError)


class _Claims(msgspec.Struct, gc=False):
    """What is asked of a token, times in seconds. Apps put their own things into `aud`, `sub` and `jti`."""

    iss: str
    iat: float
    exp: float
    qsh: str
    nbf: float = 0


_read_claims: Final = msgspec.json.Decoder(_Claims).decode


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who publishes, as the signature proves it; `fingerprint` is the same whenever the same token is used."""

    installed: Installed
    fingerprint: str


def verify(
    authorization: str | None,
    method: str,
    raw_path: str,
    raw_query: str,
    find: Callable[[str], Installed | None],
    now_s: float,
) -> Publisher:
    """The publisher of a request, from its Authorization header, `JWT <token>`, alone; `now_s` is epoch seconds.

    Raises:
        ProblemError: WRONG_SIGNATURE for whatever is no such token of this request, NO_INSTALLATION for an issuer
            nobody knows, TOKEN_OUT_OF_TIME.
    """
    header, payload, signature = _parts(authorization)
    try:
        claims = _read_claims(urlsafe_b64decode(payload + "=="))
    except _UNREADABLE:
        raise ProblemError(Problem.WRONG_SIGNATURE) from None
    installed = find(claims.iss)
    if installed is None:
        raise ProblemError(Problem.NO_INSTALLATION)
    signed = f"{header}.{payload}".encode()
    is_theirs = any(_is_signature(signature, signed, secret) for secret in installed.secrets(now_s))
    if not is_theirs or not _is_hs256(header):
        raise ProblemError(Problem.WRONG_SIGNATURE)
    is_current = max(claims.iat, claims.nbf) <= now_s + LEEWAY_S and claims.exp > now_s - LEEWAY_S
    if not is_current or claims.exp - claims.iat > LONGEST_S:
        raise ProblemError(Problem.TOKEN_OUT_OF_TIME)
    # "context-qsh", which marks a token made for a browser, is no hash and so equals none.
    if not compare_digest(claims.qsh.encode(), query_string_hash(method, raw_path, raw_query).encode()):
        raise ProblemError(Problem.WRONG_SIGNATURE)
    return Publisher(installed, signature)


def _is_signature(signature: str, signed: bytes, secret: str) -> bool:
    # Compared as text: a signature can be spelled in one way only, so that a used token stays a used one.
    return compare_digest(signature.encode(), base64url_encode(digest(_key(secret), signed, "sha256")))


def _parts(authorization: str | None) -> list[str]:
    """Header, payload and signature, each as it was sent."""
    scheme, _, token = (authorization or "").partition(" ")
    parts = token.split(".")
    if scheme.lower() != "jwt" or len(parts) != 3 or len(token) > _TOKEN_BYTES:
        raise ProblemError(Problem.WRONG_SIGNATURE)
    return parts


@lru_cache(maxsize=10_000)
def _key(secret: str) -> bytes:
    """The key of a secret; PyJWT takes none that is empty or could be somebody's public key."""
    try:
        return _HS256.prepare_key(secret)
    except jwt.InvalidKeyError:
        raise ProblemError(Problem.WRONG_SIGNATURE) from None


@lru_cache(maxsize=100)
def _is_hs256(header: str) -> bool:
    """Whether a token with this header is signed as all are, with no extension that would have to be understood.

    The header of every token that the same framework makes is the same.
    """
    try:
        said = jwt.get_unverified_header(f"{header}..")
    except _UNREADABLE:
        return False
    return said.get("alg") == "HS256" and said.keys().isdisjoint({"b64", "crit"})
