"""Who is told of an incident, from its database through the notifier to the mail that arrives."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import psycopg
import pytest

from streams.incidents.entry import Act, RaisedBy
from streams.incidents.people import Person, Ticket, act_on, raise_incident
from streams.incidents.projection import Projection
from streams.names import Topics
from streams.notifier.incidents import incident_teller
from streams.notifier.target_file import read_targets
from streams.notifier.targets import Targets
from tests.cli.test_incidents_command import Terminal
from tests.incidents.build import Desk, fault, file, incidents
from tests.notifier.mail_server import MailServer, Received, mail_server
from tests.notifier.office import Office, office

FOREVER_MS = 10**15
KIM = Person("kim@platform.example")

TARGETS = """
targets:
  - {id: operators, role: operators, channel: smtp, address: ops@slo.example}
  - {id: manager, role: incident-manager, channel: smtp, address: manager@slo.example}
  - {id: platform, all: true, channel: smtp, address: platform@slo.example}
  - {id: acme, partner: acme, channel: smtp, address: acme@acme.example}
  - {id: nameless, partner: No Id Inc, channel: smtp, address: dev@noid.example}
  - {id: unhurt, partner: unhurt, channel: smtp, address: sre@unhurt.example}
  - {id: breaches, partner: unhurt, events: [BREACH], channel: smtp, address: breaches@unhurt.example}
"""
APPS = [
    ("com.example.app-00", "acme", "Acme"),
    ("com.example.app-01", None, "No Id Inc"),
    ("com.unhurt.app", "unhurt", "Unhurt"),
]
OPERATORS, MANAGER, PLATFORM = "ops@slo.example", "manager@slo.example", "platform@slo.example"
HIT = {"acme@acme.example", "dev@noid.example"}
UNHURT = "sre@unhurt.example"


class Story:
    """A desk, a notifier and a mail server around one database."""

    def __init__(self, desk: Desk, notifier: Office, server: MailServer) -> None:
        self.desk, self.notifier, self.server = desk, notifier, server
        self.terminal = Terminal(notifier.url)

    async def says(self, *arguments: str) -> str:
        return await asyncio.to_thread(self.terminal.says, *arguments)

    async def told(self) -> list[Received]:
        """What arrives once the desk has looked, and the notifier has worked."""
        before = len(self.server.received)
        at_ms = await self.notifier.now_ms() + 60_000
        await self.desk.database.run(lambda connection: self.desk.projection.refresh(connection, at_ms, None))
        await self.notifier.work()
        return self.server.received[before:]

    def pages(self) -> int:
        """How often a timeline says that those on call were told."""
        return len(self.notifier.select("select from slo.incident_entry where act = 'PAGED'"))


@pytest.fixture
def play(database: str, tmp_path: Path) -> Callable[[Callable[[Story], Awaitable[None]]], None]:
    file_of_targets = tmp_path / "targets.yaml"
    file_of_targets.write_text(TARGETS, encoding="utf-8")
    targets = read_targets(file_of_targets)
    with psycopg.connect(database) as connection, connection.cursor() as cursor:
        cursor.executemany(
            """insert into slo.app (app_key, name, partner_id, partner_name, email, healthcheck_urls,
            excluded_client_keys, part, "offset") values (%s, 'An app', %s, %s, 'sre@any.example', '{}', '{}', 0, 0)""",
            APPS,
        )

    def played(scenario: Callable[[Story], Awaitable[None]]) -> None:
        async def run() -> None:
            async with mail_server() as server, office(database, server.port, targets) as notifier:
                desk = Desk(notifier.database)
                desk.projection = Projection(Topics(), incident_teller(Targets(targets), FOREVER_MS))
                await scenario(Story(desk, notifier, server))

        asyncio.run(run())

    return played


def recipients(mails: list[Received]) -> set[str]:
    return {one.recipient for one in mails}


def text(mail: Received) -> str:
    body = mail.mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


@pytest.mark.parametrize(
    ("visibility", "partners"),
    [
        pytest.param("INTERNAL", set[str](), id="nobody else"),
        pytest.param("PARTNER", HIT, id="partners of its apps"),
        pytest.param("ALL_PARTNERS", HIT | {UNHURT}, id="all partners"),
    ],
)
def test_partners_hear_of_what_they_may_see(
    play: Callable[[Callable[[Story], Awaitable[None]]], None], visibility: str, partners: set[str]
) -> None:
    async def scenario(story: Story) -> None:
        apps = [f"--app={app_key}" for app_key, *_ in APPS[:2]]
        said = await story.says("raise", "Webhooks fail", "--visibility", visibility, *apps, "--who", KIM.who)
        incident = said.partition(":")[0]
        assert recipients(await story.told()) == {OPERATORS} | partners
        await story.says("state", incident, "INVESTIGATING", "--why", "a disk is full", "--who", KIM.who)
        moved = await story.told()
        assert recipients(moved) == {PLATFORM} | partners
        for mail in moved:  # what is not public is for the platform alone
            is_inside = mail.recipient == PLATFORM
            assert ("a disk is full" in text(mail), KIM.who in text(mail)) == (is_inside, is_inside)
        await story.says("note", incident, "among us", "--who", KIM.who)
        assert recipients(await story.told()) == {PLATFORM}
        await story.says("note", incident, "--public", "Rolling back.", "--who", KIM.who)
        public = await story.told()
        assert recipients(public) == {PLATFORM} | partners
        assert all("Rolling back." in text(mail) for mail in public)
        assert [mail.recipient for mail in public if KIM.who in text(mail)] == [PLATFORM]
        assert await story.told() == []

    play(scenario)


def test_operators_hear_of_a_candidate_at_once_and_nobody_else_does(
    play: Callable[[Callable[[Story], Awaitable[None]]], None],
) -> None:
    async def scenario(story: Story) -> None:
        await file(story.desk.database, fault(12, "12:00"))
        await story.desk.until("12:01")
        (found,) = incidents(story.notifier.url)
        queued = story.notifier.select("select target from slo.delivery where state = 'DUE' order by seq")
        assert queued == [("operators",), ("platform",)]  # with what found it; the platform hears how severe it is
        await story.notifier.work()
        mail, _ = story.server.received
        assert (mail.recipient, "Candidate: Jira Webhook Delivery" in mail.subject) == (OPERATORS, True)
        assert f"slo-streams incidents confirm {found['id']}" in text(mail)
        assert story.pages() == 0
        await story.desk.until("12:02")
        assert story.pages() == 1  # the time for an investigation runs from what was delivered
        await story.says("confirm", found["id"], "--visibility", "INTERNAL")
        assert PLATFORM in recipients(await story.told())
        assert not recipients(story.server.received) & (HIT | {UNHURT, MANAGER})

    play(scenario)


Suspicion = Callable[[Story], Awaitable[None]]


async def _raised(story: Story) -> None:
    await story.says("raise", "Webhooks fail", "--fault", "PLATFORM", "--visibility", "INTERNAL")


async def _confirmed(story: Story) -> None:
    await file(story.desk.database, fault(12, "12:00"))
    await story.desk.until("12:01")
    (found,) = incidents(story.notifier.url)
    await story.says("confirm", found["id"], "--fault", "PLATFORM")


async def _said_later(story: Story) -> None:
    with psycopg.connect(story.notifier.url) as connection:
        incident = raise_incident(connection, Ticket(RaisedBy.SUPPORT, "Webhooks fail"), KIM)
        act_on(connection, incident, Act.CHANGED, KIM, {"suspectedFault": "APP"})
    assert MANAGER not in recipients(await story.told())
    with psycopg.connect(story.notifier.url) as connection:
        act_on(connection, incident, Act.CHANGED, KIM, {"suspectedFault": "PLATFORM"})


@pytest.mark.parametrize("suspect", [_raised, _confirmed, _said_later])
def test_the_incident_manager_is_paged_when_the_platform_is_suspected(
    play: Callable[[Callable[[Story], Awaitable[None]]], None], suspect: Suspicion
) -> None:
    async def scenario(story: Story) -> None:
        await suspect(story)
        (mail,) = [one for one in await story.told() if one.recipient == MANAGER]
        assert "Webhook" in mail.subject
        (found,) = incidents(story.notifier.url)
        assert f"/incidents/{found['id']}" in text(mail)
        sent = story.notifier.select(
            """select state from slo.delivery d join slo.notification n on n.id = d.notification
            where n.role = 'incident-manager'"""
        )
        assert sent == [("SENT",)]
        assert MANAGER not in recipients(await story.told())  # once

    play(scenario)
