"""Checks over TLS, against certificates of every kind."""

import asyncio
import ssl
from datetime import UTC, datetime

import pytest
import trustme
from aiohttp import web

from streams.prober.check import CheckResult, checker
from tests.prober.servers import PRIVATE, Names, serving, target, unless_late

NAME = "app.example"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Whom the prober trusts."""
    return trustme.CA()


def check(authority: trustme.CA, certificate: trustme.LeafCert, hosts: list[str] | None = None) -> CheckResult:
    """A check of `https://app.example:<port>/` at a server that has a certificate."""
    served, trusted = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    certificate.configure_cert(served)
    authority.configure_trust(trusted)

    async def handler(request: web.Request) -> web.StreamResponse:
        if hosts is not None:
            hosts.append(request.host.partition(":")[0])
        return web.Response()

    async def run() -> CheckResult:
        async with serving(handler, served) as base:
            names = Names({NAME: ["127.0.0.1"]})
            async with checker(PRIVATE, lookup=names, trust=trusted) as checks:
                return await checks.check(target(base.replace("127.0.0.1", NAME) + "/"))

    return unless_late(lambda: asyncio.run(run()))


def test_a_good_certificate_of_the_name_is_good_though_the_address_was_looked_up_before(authority: trustme.CA) -> None:
    hosts: list[str] = []
    result = check(authority, authority.issue_cert(NAME), hosts)
    assert (result.status_code, result.error) == (200, None)
    assert hosts == [NAME]


def test_a_certificate_of_another_name_is_a_tls_error(authority: trustme.CA) -> None:
    assert_tls(check(authority, authority.issue_cert("other.example")), "match")


def test_a_certificate_of_the_address_alone_is_a_tls_error(authority: trustme.CA) -> None:
    assert_tls(check(authority, authority.issue_cert("127.0.0.1")), "match")


def test_a_certificate_of_an_unknown_authority_is_a_tls_error(authority: trustme.CA) -> None:
    assert_tls(check(authority, trustme.CA().issue_cert(NAME)), "certificate")


def test_an_expired_certificate_is_a_tls_error(authority: trustme.CA) -> None:
    past = datetime(2020, 1, 1, tzinfo=UTC)
    assert_tls(check(authority, authority.issue_cert(NAME, not_before=past, not_after=past)), "expired")


def assert_tls(result: CheckResult, why: str) -> None:
    assert result.error is not None
    assert result.error.startswith("tls: ")
    assert why in result.error
    assert (result.status_code, result.duration_ms) == (None, None)
