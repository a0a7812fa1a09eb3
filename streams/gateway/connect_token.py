"""Connect tokens: a JWT by which an app shows that it sends this very request for one of its installations.

Nothing in a token decides how it is checked. The algorithm is HS256 whatever its header says, and the key is that of
the installation which its issuer names.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from hmac import compare_digest
from typing import Any, Final

import jwt
import orjson

from streams.gateway.installations import Installed
from streams.gateway.problem import Problem, ProblemError
from streams.gateway.qsh import query_string_hash

LEEWAY_S: Final = 30
LONGEST_S: Final = 300
"""How long a token may be valid: from `iat` to `exp`."""

REPLAYABLE_S: Final = LONGEST_S + 2 * LEEWAY_S
"""How long after its first use a token could be used once more."""

_ALGORITHMS: Final = ["HS256"]
_TOKEN_BYTES: Final = 8_192
# Beside its own errors PyJWT lets through what broken JSON, NaN or Infinity for a time, and non-ASCII text bring about.
_UNREADABLE: Final = (jwt.InvalidTokenError, ValueError, TypeError, OverflowError, RecursionError)
# What is not asked for may be anything: apps put their own things into `aud`, `sub` and `jti`.
_CHECKED: Final[Any] = {
    "require": ["iss", "iat", "exp", "qsh"],
    "verify_aud": False,
    "verify_sub": False,
    "verify_jti": False,
}


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who publishes, as the signature proves it; `fingerprint` is the same whenever the same token is used."""

    installed: Installed
    fingerprint: bytes


def verify(
    authorization: str | None, method: str, raw_path: str, raw_query: str, find: Callable[[str], Installed | None]
) -> Publisher:
    """The publisher of a request, from its Authorization header, `JWT <token>`, alone.

    Raises:
        ProblemError: WRONG_SIGNATURE for whatever is no such token of this request, NO_INSTALLATION for an issuer
            nobody knows, TOKEN_OUT_OF_TIME.
    """
    token = _token(authorization)
    installed = find(_issuer(token))
    if installed is None:
        raise ProblemError(Problem.NO_INSTALLATION)
    try:
        verified = jwt.decode_complete(token, _key(installed.secret), _ALGORITHMS, _CHECKED, leeway=LEEWAY_S)
    except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError):
        raise ProblemError(Problem.TOKEN_OUT_OF_TIME) from None
    except _UNREADABLE:
        raise ProblemError(Problem.WRONG_SIGNATURE) from None
    claims = verified["payload"]
    if claims["iss"] != installed.client_key:  # should two parsers ever read a token differently
        raise ProblemError(Problem.WRONG_SIGNATURE)
    if int(claims["exp"]) - int(claims["iat"]) > LONGEST_S:
        raise ProblemError(Problem.TOKEN_OUT_OF_TIME)
    # "context-qsh", which marks a token made for a browser, is no hash and so equals none.
    said, expected = claims["qsh"], query_string_hash(method, raw_path, raw_query)
    if not isinstance(said, str) or not compare_digest(said.encode(errors="replace"), expected.encode()):
        raise ProblemError(Problem.WRONG_SIGNATURE)
    # The bytes, not their base64, which can be spelled in several ways.
    return Publisher(installed, verified["signature"])


@lru_cache(maxsize=10_000)
def _key(secret: str) -> jwt.PyJWK:
    """A key of HS256 and of nothing else, made once: PyJWT looks at a bare secret anew for each token."""
    encoded = urlsafe_b64encode(secret.encode()).rstrip(b"=").decode()
    return jwt.PyJWK({"kty": "oct", "k": encoded}, "HS256")


def _token(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "jwt" or not token or len(token) > _TOKEN_BYTES:
        raise ProblemError(Problem.WRONG_SIGNATURE)
    return token


def _issuer(token: str) -> str:
    """Who the token says it is of, which chooses the key and no more; PyJWT, which verifies it, reads it anew."""
    try:
        issuer = orjson.loads(urlsafe_b64decode(token.split(".")[1] + "=="))["iss"]
    except (ValueError, LookupError, TypeError):
        issuer = None
    if not isinstance(issuer, str):
        raise ProblemError(Problem.WRONG_SIGNATURE)
    return issuer
