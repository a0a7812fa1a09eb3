"""Mail on its way: encrypted to whoever proves to be the server, as the user whom it knows, or not at all."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trustme

from streams.notifier.mail.server import MailServer as Server
from streams.notifier.mail.smtp import SmtpChannel
from tests.notifier.mail_server import MailServer, mail_server
from tests.notifier.office import SENDER, Office, breach, office

HOST = "127.0.0.1"
USER, PASSWORD, WRONG = "slo", "s3cret-of-slo", "wr0ng-of-slo"


class Distant(Server):
    """A server that counts as another machine's, though it runs on this one."""

    @property
    def is_local(self) -> bool:
        return False


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> trustme.CA:
    """Whom this machine believes who is who."""
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    return made


def certified(by: trustme.CA, name: str = HOST) -> ssl.SSLContext:
    """A server that shows a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    by.issue_cert(name).configure_cert(context)
    return context


def run(
    url: str,
    box: MailServer,
    scenario: Callable[[Office, MailServer], Awaitable[None]],
    *,
    kind: type[Server] = Distant,
    password: str | None = PASSWORD,
) -> None:
    """With one notifier that has one breach to tell."""

    async def all_of_it() -> None:
        async with mail_server(box) as server:
            user = None if password is None else USER
            where = kind(HOST, server.port, server.is_tls_from_the_start, user, password)
            async with office(url, server.port, channel=SmtpChannel(where, SENDER)) as one:
                await one.take_in(breach(at_ms=await one.now_ms()))
                await one.work()
                await scenario(one, server)

    asyncio.run(all_of_it())


def held_up(one: Office) -> tuple[str, str, bool]:
    """State of the one delivery, why, and whether its channel waits for somebody to mend it."""
    [(state, reason)] = one.select("select state, reason from slo.delivery")
    [(unauthorised,)] = one.select("select unauthorised from slo.pause where key = 'smtp'")
    assert one.select("select detail from slo.delivery_attempt") == [(reason,)]
    return state, reason, unauthorised


@pytest.mark.parametrize("is_tls_from_the_start", [False, True])
def test_mail_goes_encrypted_by_the_name_and_password_of_the_url(
    database: str, authority: trustme.CA, is_tls_from_the_start: bool
) -> None:
    async def scenario(one: Office, server: MailServer) -> None:
        assert one.states() == [("BREACH", "SENT", None)]
        assert len(server.received) == 1
        assert server.logins == [(USER, PASSWORD)]
        assert server.in_the_clear == []

    box = MailServer(tls=certified(authority), is_tls_from_the_start=is_tls_from_the_start, users={USER: PASSWORD})
    run(database, box, scenario)


@pytest.mark.parametrize("is_tls_from_the_start", [False, True])
@pytest.mark.parametrize(("is_known", "name"), [(False, HOST), (True, "127.0.0.2")])
def test_who_shows_another_certificate_is_told_nothing(
    database: str, authority: trustme.CA, is_known: bool, name: str, is_tls_from_the_start: bool
) -> None:
    async def scenario(one: Office, server: MailServer) -> None:
        state, reason, unauthorised = held_up(one)
        assert (state, unauthorised) == ("DUE", False)
        assert "certificate verify failed" in reason
        await one.pass_by(hours=1)
        assert (server.received, server.logins, server.in_the_clear) == ([], [], [])

    issuer = authority if is_known else trustme.CA()
    box = MailServer(tls=certified(issuer, name), is_tls_from_the_start=is_tls_from_the_start, users={USER: PASSWORD})
    run(database, box, scenario)


@pytest.mark.parametrize("password", [PASSWORD, None])
def test_without_encryption_nothing_goes_to_another_machine(database: str, password: str | None) -> None:
    """Somebody on the way who leaves STARTTLS out of the answer learns no password and no alert."""

    async def scenario(one: Office, server: MailServer) -> None:
        state, reason, unauthorised = held_up(one)
        assert (state, unauthorised) == ("DUE", True)
        assert "STARTTLS" in reason
        before = server.connections
        await one.pass_by(hours=1)
        assert server.connections > before
        assert (server.received, server.logins, server.in_the_clear) == ([], [], [])

    run(database, MailServer(), scenario, password=password)


def test_a_wrong_password_is_told_and_nothing_is_lost_until_it_is_mended(database: str, authority: trustme.CA) -> None:
    async def scenario(one: Office, server: MailServer) -> None:
        state, reason, unauthorised = held_up(one)
        assert (state, unauthorised) == ("DUE", True)
        assert "535" in reason
        assert WRONG not in reason
        await one.pass_by(days=4)
        assert (one.states()[0][1], server.received) == ("DUE", [])
        server.users[USER] = WRONG
        await one.pass_by(hours=1)
        assert (one.states()[0][1], len(server.received)) == ("SENT", 1)
        assert server.in_the_clear == []

    box = MailServer(tls=certified(authority), users={USER: PASSWORD})
    run(database, box, scenario, password=WRONG)


def test_on_this_machine_encryption_is_used_where_it_is_offered_whoever_certifies_it(database: str) -> None:
    async def scenario(one: Office, server: MailServer) -> None:
        assert (len(server.received), server.in_the_clear) == (1, [])

    run(database, MailServer(tls=certified(trustme.CA())), scenario, kind=Server, password=None)
