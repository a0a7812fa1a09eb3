"""What a prober may call: nothing that is not public, however it is written."""

import asyncio

import pytest

from streams.outbound.lookup import addresses_of
from streams.outbound.reach import Reach, RefusedError
from tests.prober.servers import PRIVATE, Names

PUBLIC = ["1.1.1.1", "8.8.8.8", "185.166.140.1", "2606:4700:4700::1111", "2a00:1450:4001::1"]
INTERNAL = [
    "0.0.0.0",  # noqa: S104
    *("10.0.0.1", "127.0.0.1", "127.255.255.254", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("100.64.0.1", "100.127.255.255", "100.100.100.199"),  # carrier-grade NAT
    *("192.0.0.191", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1"),
    *("240.0.0.1", "255.255.255.255"),
    *("::", "::1", "fc00::1", "fd12:3456::1", "fe80::1", "fec0::1", "2001:db8::1", "3fff::1", "5f00::1"),
    "fe80::1%eth0",
]
NEVER = [
    *("169.254.169.254", "169.254.170.2", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254"),  # metadata of clouds
    *("100.100.100.200", "192.0.0.192", "fe80::a9fe:a9fe", "fe80::a9fe:a9fe%eth0"),
    *("::127.0.0.1", "::a9fe:a9fe", "::8.8.8.8"),  # IPv4-compatible
    *("::ffff:0:a9fe:a9fe", "::ffff:0:127.0.0.1"),  # IPv4-translated
    *("::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:169.254.169.254"),  # IPv4-mapped
    *("64:ff9b::7f00:1", "64:ff9b::8.8.8.8", "64:ff9b:1::a9fe:a9fe"),  # NAT64
    *("2002:7f00:1::1", "2001:0:7f00:1::1"),  # 6to4, Teredo
    *("224.0.0.1", "239.255.255.250", "ff02::1"),
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_called(address: str) -> None:
    assert Reach().allows(address)


@pytest.mark.parametrize("address", INTERNAL)
def test_internal_addresses_only_where_they_are_allowed(address: str) -> None:
    assert not Reach().allows(address)
    assert PRIVATE.allows(address)


@pytest.mark.parametrize("address", NEVER)
def test_metadata_and_addresses_in_disguise_never(address: str) -> None:
    assert not Reach().allows(address)
    assert not PRIVATE.allows(address)


@pytest.mark.parametrize("address", [*INTERNAL, *NEVER])
def test_an_address_in_a_url_is_refused_as_one_behind_a_name(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(RefusedError):
        Reach().check_url(f"https://{host}/health")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://app.example/", "not https"),
        ("ftp://app.example/", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("https://app.example:8080/", "port 8080"),
        ("https://app.example:22/", "port 22"),
        ("https://app.example:99999/", "port"),
        ("https://user:word@app.example/", "user name or password"),
        ("https://user@app.example/", "user name or password"),
        ("https://app.example@10.0.0.1/", "user name or password"),
        ("https://app.example\\@10.0.0.1/", "no URL"),
        ("https://app.example/a b", "white space"),
        ("https://\u2460\u2461\u2466.0.0.1/", "an address in disguise: write it as 127.0.0.1"),
        ("https://0x7f000001/", "an address in disguise: write it as 127.0.0.1"),
        ("https://a..example/", "cannot be the name of a host"),
        ("https://[::1]:8443/", "not a public address"),
        ("https:///", "no URL"),
        ("app.example", "no URL"),
        ("", "no URL"),
    ],
)
def test_a_url_that_is_refused_says_why(url: str, why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        Reach().check_url(url)


@pytest.mark.parametrize("url", ["https://app.example/", "https://app.example:8443/h?a=1", "https://8.8.8.8/"])
def test_a_url_within_reach_is_called_as_written(url: str) -> None:
    called = Reach().check_url(url)
    assert f"https://{called.authority}{called.target}" == url


def test_ports_are_a_setting_and_private_reach_takes_any() -> None:
    assert Reach(ports=[9443]).check_url("https://app.example:9443/").port == 9443
    with pytest.raises(RefusedError, match="none of those allowed"):
        Reach(ports=[9443]).check_url("https://app.example/")
    assert PRIVATE.check_url("http://127.0.0.1:8080/").port == 8080


def resolve(*addresses: str, reach: Reach = Reach()) -> list[str]:  # noqa: B008 - frozen
    names = Names({"app.example": addresses})
    found = asyncio.run(addresses_of("app.example", 443, names, reach))
    return [str(one[4][0]) for one in found]


def test_of_a_name_only_what_is_within_reach_comes_out() -> None:
    assert resolve("10.0.0.1", "8.8.8.8", "64:ff9b::808:808", "2606:4700:4700::1111") == [
        "8.8.8.8",
        "2606:4700:4700::1111",
    ]


@pytest.mark.parametrize("address", [*INTERNAL, *NEVER])
def test_a_name_of_nothing_within_reach_is_refused(address: str) -> None:
    with pytest.raises(RefusedError, match="not a public address"):
        resolve(address, address)
