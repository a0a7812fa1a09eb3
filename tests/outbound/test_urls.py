"""URLs taken apart: hosts as a browser reads them, everything behind them byte for byte as written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.outbound.urls import read_url

VISIBLE = "".join(map(chr, range(0x21, 0x7F)))


@pytest.mark.parametrize(
    ("text", "authority", "target"),
    [
        ("https://app.example", "app.example", "/"),
        ("HTTPS://App.Example:443/Health", "app.example", "/Health"),
        ("https://app.example:8443?sig=ab%2Fcd", "app.example:8443", "/?sig=ab%2Fcd"),
        ("https://app.example/a%2fb/%7Ec?sig=ab%2Fcd&x=%41+b#part", "app.example", "/a%2fb/%7Ec?sig=ab%2Fcd&x=%41+b"),
        ("https://app.example/a/../b/./c//d", "app.example", "/a/../b/./c//d"),
        ("https://app.example/?q=[1]|{2}^`\"<>'", "app.example", "/?q=[1]|{2}^`\"<>'"),
        ("https://app.example/é?ü=€", "app.example", "/%C3%A9?%C3%BC=%E2%82%AC"),
        ("https://bücher.example/", "xn--bcher-kva.example", "/"),
        ("http://[::1]:8080/", "[::1]:8080", "/"),
        ("http://under_score.example./", "under_score.example.", "/"),
        ("http://127.0.0.1/", "127.0.0.1", "/"),
    ],
)
def test_parts(text: str, authority: str, target: str) -> None:
    url = read_url(text)
    assert (url.authority, url.target) == (authority, target)


@given(target=st.text(st.sampled_from([one for one in VISIBLE if one not in "#\\"])))
def test_what_is_visible_ascii_is_asked_for_as_written(target: str) -> None:
    assert read_url(f"https://app.example/{target}").target == f"/{target}"


@pytest.mark.parametrize(
    "host",
    ["a..b", "..", ".a.example", "a.example..", f"{'x' * 64}.example", ".".join(["x" * 60] * 5), "-a.example", "a-.b"],
)
def test_a_host_that_cannot_be_one_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match=r"cannot be the name of a host|Input should be a valid URL"):
        read_url(f"https://{host}/health")


def test_labels_and_names_may_be_as_long_as_dns_has_them() -> None:
    name = ".".join(["x" * 63] * 3 + ["y" * 61])
    assert len(name) == 253
    assert read_url(f"https://{name}/").host == name
