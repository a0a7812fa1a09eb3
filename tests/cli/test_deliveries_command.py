"""`slo-streams deliveries` and `slo-streams silence` on a real database, with a real mail server beside."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from email import message_from_string

import pytest
from typer.testing import CliRunner

from streams.cli.app import app
from tests.notifier.mail_server import MailServer, mail_server
from tests.notifier.office import SRE, Office, breach, office, recovery


class Operator:
    """Who types commands."""

    def __init__(self, url: str) -> None:
        self._environment = {"SLO_DATABASE_URL": url}

    def run(self, *arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, arguments, env=self._environment)
        assert done.exit_code == code, done.output
        return done.output


def lead(url: str, scenario: Callable[[Office, MailServer], Awaitable[None]], **faults: object) -> None:
    async def run() -> None:
        async with mail_server(MailServer(**faults)) as server, office(url, server.port) as one:  # type: ignore[arg-type]
            await scenario(one, server)

    asyncio.run(run())


def test_what_is_dead_is_listed_shown_and_sent_again(database: str) -> None:
    operator, refused = Operator(database), [SRE]

    async def scenario(one: Office, server: MailServer) -> None:
        down = breach(at_ms=await one.now_ms())
        await one.take_in(down, recovery(down))
        await one.work()
        [dead] = json.loads(await asyncio.to_thread(operator.run, "deliveries", "list", "--state", "dead", "--json"))
        assert dead["reason"] == "REFUSED: 550 5.1.1 no such user"
        shown = await asyncio.to_thread(operator.run, "deliveries", "show", dead["id"])
        assert "REFUSED" in shown
        assert "Subject: [BREACH] Charts: Jira Webhook Delivery Success Rate 98.7 % < 99 %" in shown
        assert f"incidentId: {down['incidentId']}" in shown
        raw = await asyncio.to_thread(operator.run, "deliveries", "show", dead["id"], "--raw")
        assert message_from_string(raw)["X-SLO-Incident"] == down["incidentId"]
        refused.clear()
        assert await asyncio.to_thread(operator.run, "deliveries", "retry", "--dead") == "2 deliveries due now.\n"
        await one.work()
        assert [subject.split("]")[0] for subject in server.subjects] == ["[BREACH", "[RECOVERY"]
        listed = await asyncio.to_thread(operator.run, "deliveries", "list")
        assert listed.count("SENT") == 2

    lead(database, scenario, at_recipient=lambda who, _times: "550 5.1.1 no such user" if who in refused else None)


def test_an_id_that_begins_with_a_dash_is_an_id_and_times_are_utc_whatever_the_zone_of_the_server_is(
    database: str,
) -> None:
    operator = Operator(f"{database} options='-c TimeZone=Asia/Tokyo'")

    async def scenario(one: Office, server: MailServer) -> None:
        now_ms = await one.now_ms()
        await one.take_in({**breach(at_ms=now_ms), "incidentId": "-TsIU1a3l-U"})
        await one.work()
        [(name, sent_at)] = one.select("select id, to_char(sent_at at time zone 'UTC', 'HH24:MI:SS') from slo.delivery")
        assert name.startswith("-TsIU1a3l-U-breach.")
        shown = await asyncio.to_thread(operator.run, "deliveries", "show", name)
        assert f" {sent_at}Z\n" in shown
        assert f" {sent_at}Z" in await asyncio.to_thread(operator.run, "deliveries", "list")
        await asyncio.to_thread(operator.run, "deliveries", "retry", name, code=1)
        appeal = ("standing", "appeal", "com.acme.charts", "-TsIU1a3l-U", "--who", "ann", "--why", "x")
        assert "has no incident" in await asyncio.to_thread(operator.run, *appeal, code=1)

    lead(database, scenario)


def test_a_silence_from_its_beginning_to_its_end(database: str) -> None:
    operator = Operator(database)

    async def scenario(one: Office, server: MailServer) -> None:
        arguments = ("silence", "add", "appKey=com.acme.charts", "--for", "2h", "--why", "we look", "--by", "ann")
        name = (await asyncio.to_thread(operator.run, *arguments)).strip()
        await one.take_in(breach(at_ms=await one.now_ms()))
        await one.work()
        assert server.subjects == []
        [listed] = json.loads(await asyncio.to_thread(operator.run, "silence", "list", "--json"))
        assert (listed["id"], listed["silenced"], listed["by"]) == (name, 1, "ann")
        assert listed["matchers"] == ["appKey=com.acme.charts"]
        assert "we look" in await asyncio.to_thread(operator.run, "silence", "list")
        await asyncio.to_thread(operator.run, "silence", "end", name)
        await one.pass_by(seconds=1)
        assert len(server.subjects) == 1
        assert await asyncio.to_thread(operator.run, "silence", "list") == "No silences.\n"

    lead(database, scenario)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("deliveries", "show", "none"), 1),
        (("deliveries", "retry", "none"), 1),
        (("deliveries", "retry"), 2),
        (("deliveries", "list", "--state", "lost"), 2),
        (("silence", "end", "none"), 1),
        (("silence", "add", "app=x", "--for", "2h", "--why", "x"), 2),
        (("silence", "add", "appKey=x", "--why", "x"), 2),
        (("silence", "add", "appKey=x", "--why", "x", "--until", "2020-01-01T00:00:00Z"), 2),
    ],
)
def test_what_cannot_be_done_is_told(database: str, arguments: tuple[str, ...], code: int) -> None:
    Operator(database).run(*arguments, code=code)
