"""Connect tokens: the one good shape, and every way to forge one."""

import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.gateway.connect_token import verify
from streams.gateway.installations import Installed
from streams.web.problem import Problem, ProblemError
from tests.gateway.signing import SECRET, claims, publish_path, qsh, signed

PATH = publish_path("com.example.app")
INSTALLED = Installed("c-1", "com.example.app", "Jira", SECRET)
OTHER = Installed("c-2", "com.example.other", "Jira", "another-secret-of-forty-characters-long!")
KNOWN = {one.client_key: one for one in (INSTALLED, OTHER)}


def admitted(authorization: str | None, path: str = PATH, query: str = "") -> str:
    return verify(authorization, "PUT", path, query, KNOWN.get, time.time()).installed.client_key


def refusal(authorization: str | None, path: str = PATH, query: str = "") -> Problem:
    with pytest.raises(ProblemError) as refused:
        admitted(authorization, path, query)
    return refused.value.problem


def unsigned(said: dict[str, Any]) -> str:
    return signed(said, header={"alg": "none"}).rpartition(".")[0] + "."


def test_a_token_of_an_installation_is_good() -> None:
    assert admitted(f"JWT {signed(claims('c-1', PATH))}") == "c-1"
    assert admitted(f"jwt {signed(claims('c-1', PATH))}", path=PATH + "/") == "c-1"


def test_a_token_may_say_more_than_it_has_to() -> None:
    more = claims("c-1", PATH, aud=["someone"], sub=7, jti=7, context={"user": {}})
    assert admitted(f"JWT {signed(more)}") == "c-1"


def test_a_query_is_covered_but_for_the_token_in_it() -> None:
    said = claims("c-1", PATH, qsh=qsh("PUT", PATH, "a=1&b=2"))
    assert admitted(f"JWT {signed(said)}", query="b=2&jwt=x&a=1") == "c-1"
    assert refusal(f"JWT {signed(said)}", query="a=1&b=3") is Problem.WRONG_SIGNATURE


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(lambda: signed(claims("c-1", PATH), OTHER.secret), id="secret of another installation"),
        pytest.param(lambda: signed(claims("c-2", PATH)), id="issuer of another installation"),
        pytest.param(lambda: signed(claims("c-1", PATH), header={"alg": "none"}), id="alg none"),
        pytest.param(
            lambda: signed(claims("c-1", PATH), header={"alg": "none"}).rpartition(".")[0] + ".", id="no signature"
        ),
        pytest.param(lambda: signed(claims("c-1", PATH), header={"alg": "HS512"}, digest="sha512"), id="HS512"),
        pytest.param(lambda: signed(claims("c-1", PATH), header={"alg": "RS256"}), id="RS256"),
        pytest.param(lambda: signed(claims("c-1", PATH), header={"typ": "JWT"}), id="no alg"),
        pytest.param(lambda: signed(claims("c-1", PATH), ""), id="empty secret"),
        pytest.param(lambda: signed(claims("c-1", PATH, qsh="context-qsh")), id="context-qsh"),
        pytest.param(lambda: signed(claims("c-1", PATH, qsh=None)), id="no qsh"),
        pytest.param(lambda: signed(claims("c-1", PATH, qsh=7)), id="qsh is no text"),
        pytest.param(lambda: signed(claims("c-1", PATH, qsh="é")), id="qsh beyond ASCII"),
        pytest.param(lambda: signed(claims("c-1", PATH, method="GET")), id="another method"),
        pytest.param(lambda: signed(claims("c-1", publish_path("com.example.other"))), id="another path"),
        pytest.param(lambda: signed(claims("c-1", PATH, exp=None)), id="no exp"),
        pytest.param(lambda: signed(claims("c-1", PATH, iat=None)), id="no iat"),
        pytest.param(lambda: signed(claims("c-1", PATH, iss=None)), id="no iss"),
        pytest.param(lambda: signed(claims("c-1", PATH, iss=["c-1"])), id="iss is a list"),
        pytest.param(lambda: signed(claims("c-1", PATH, exp=float("inf"))), id="exp without end"),
        pytest.param(lambda: signed(claims("c-1", PATH, exp=float("nan"))), id="exp is nan"),
        pytest.param(lambda: signed(claims("c-1", PATH, exp=[1])), id="exp is a list"),
        pytest.param(lambda: signed(claims("c-1", PATH, iat={})), id="iat is an object"),
        pytest.param(lambda: signed(["c-1"]), id="claims are a list"),
        pytest.param(lambda: signed(claims("c-1", PATH))[:-2], id="cut short"),
        pytest.param(lambda: "a.b.c", id="nonsense"),
        pytest.param(lambda: "é.é.é", id="beyond ASCII"),
        pytest.param(lambda: "", id="empty"),
        pytest.param(lambda: signed(claims("c-1", PATH, more="x" * 9_000)), id="very long"),
    ],
)
def test_a_forged_token_has_a_wrong_signature(token: Callable[[], str]) -> None:
    assert refusal(f"JWT {token()}") is Problem.WRONG_SIGNATURE


@pytest.mark.parametrize("scheme", ["Bearer ", "Basic ", "JWT", ""])
def test_a_token_comes_as_jwt_in_the_header(scheme: str) -> None:
    assert refusal(scheme + signed(claims("c-1", PATH))) is Problem.WRONG_SIGNATURE
    assert refusal(None, query=f"jwt={signed(claims('c-1', PATH))}") is Problem.WRONG_SIGNATURE


def test_an_issuer_nobody_knows_has_no_installation() -> None:
    assert refusal(f"JWT {signed(claims('c-3', PATH))}") is Problem.NO_INSTALLATION


@pytest.mark.parametrize(
    ("issued_s", "expires_s", "is_good"),
    [
        (-60, 240, True),
        (0, 300, True),
        (0, 301, False),
        (-290, 10, True),
        (-300, -10, True),
        (-400, -100, False),
        (-60, 3_600, False),
        (20, 200, True),
        (90, 200, False),
    ],
)
def test_a_token_holds_for_five_minutes_at_most_give_or_take_half_a_minute(
    issued_s: int, expires_s: int, *, is_good: bool
) -> None:
    now_s = int(time.time())
    token = signed(claims("c-1", PATH, iat=now_s + issued_s, exp=now_s + expires_s))
    if is_good:
        assert admitted(f"JWT {token}") == "c-1"
    else:
        assert refusal(f"JWT {token}") is Problem.TOKEN_OUT_OF_TIME


def test_a_signature_spelled_otherwise_is_no_new_token() -> None:
    token = signed(claims("c-1", PATH))
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    respelled = token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]  # the lowest bits of the last letter are unused
    first = verify(f"JWT {token}", "PUT", PATH, "", KNOWN.get, time.time()).fingerprint
    for other in (respelled, token + "=", token + "=="):
        try:
            second = verify(f"JWT {other}", "PUT", PATH, "", KNOWN.get, time.time()).fingerprint
        except ProblemError:
            continue
        assert second == first


said_times = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just([]))


@given(header=st.text(max_size=60), iat=said_times, exp=said_times, said=st.text(max_size=80))
def test_whatever_comes_is_refused_and_breaks_nothing(header: str, iat: Any, exp: Any, said: str) -> None:
    refusal(f"JWT {said}")
    refusal(header)
    token = signed({"iss": "c-1", "iat": iat, "exp": exp, "qsh": "x", "more": json.dumps(header)})
    refusal(f"JWT {token}")


@given(
    header=st.dictionaries(
        st.sampled_from(["alg", "typ", "kid", "crit", "b64"]),
        st.sampled_from(["HS256", "HS512", "none", "JWT", "", True, False, None, 1, [], ["b64"], ["exp"]]),
    ),
    other=st.dictionaries(
        st.sampled_from(["iat", "exp", "nbf", "qsh", "aud", "sub"]), st.one_of(said_times, st.integers(-400, 400))
    ),
)
def test_what_is_let_in_is_a_good_token_for_any_library(header: dict[str, Any], other: dict[str, Any]) -> None:
    now_s = int(time.time())
    near = {name: now_s + by if type(by) is int and abs(by) <= 400 else by for name, by in other.items()}
    token = signed(claims("c-1", PATH) | near, header={"alg": "HS256"} | header)
    try:
        admitted(f"JWT {token}")
    except ProblemError:
        return
    asked: Any = {"require": ["iss", "iat", "exp", "qsh"], "verify_aud": False, "verify_sub": False}
    # Times are held against their limits above: here a clock that went on is no difference.
    assert jwt.decode(token, SECRET, ["HS256"], asked, issuer="c-1", leeway=60)["qsh"] == qsh("PUT", PATH)
