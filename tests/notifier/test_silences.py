"""Silences act at the moment of sending; nothing that stays open is forgotten for one."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from streams.notifier.silence import Matcher, Silence
from streams.notifier.silences import add, end
from tests.notifier.mail_server import MailServer, mail_server
from tests.notifier.office import Office, breach, office, recovery


def run(url: str, scenario: Callable[[Office, MailServer], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        async with mail_server() as server, office(url, server.port) as one:
            await scenario(one, server)

    asyncio.run(all_of_it())


async def silence(one: Office, *matchers: str, hours: float = 1) -> str:
    now = await one.database.run(one.now)
    parsed = [Matcher.parse(text) for text in matchers]
    return await one.database.run(
        lambda connection: add(connection, parsed, now, now + timedelta(hours=hours), "ann", "known")
    )


def test_a_breach_that_is_still_open_when_its_silence_ends_is_told_then(database: str) -> None:
    async def scenario(one: Office, server: MailServer) -> None:
        await silence(one, "appKey=com.acme.charts")
        down = breach(at_ms=await one.now_ms())
        await one.take_in(down, breach("forms", at_ms=await one.now_ms()))
        await one.work()
        assert [subject.split(":")[0] for subject in server.subjects] == ["[BREACH] Forms"]
        await one.pass_by(minutes=61)
        assert [subject.split(":")[0] for subject in server.subjects] == ["[BREACH] Forms", "[BREACH] Charts"]
        await one.take_in(recovery(down))
        await one.work()
        assert server.subjects[2].startswith("[RECOVERY] Charts")

    run(database, scenario)


def test_what_came_and_went_in_silence_is_not_told(database: str) -> None:
    async def scenario(one: Office, server: MailServer) -> None:
        await silence(one, "partner=acme", "metricId=~webhook-.*")
        down = breach(at_ms=await one.now_ms())
        await one.take_in(down)
        await one.work()
        await one.take_in(recovery(down))
        await one.work()
        await one.pass_by(hours=2)
        assert server.subjects == []
        assert one.states() == [("BREACH", "SUPPRESSED", "SILENCED"), ("RECOVERY", "SUPPRESSED", "SILENCED")]

    run(database, scenario)


def test_a_recovery_after_the_silence_of_its_breach_is_not_told(database: str) -> None:
    async def scenario(one: Office, server: MailServer) -> None:
        await silence(one, "appKey=com.acme.charts")
        down = breach(at_ms=await one.now_ms())
        await one.take_in(down)
        await one.work()
        one.ahead += timedelta(hours=2)
        await one.take_in(recovery(down))
        await one.work()
        assert server.subjects == []
        assert one.states()[1] == ("RECOVERY", "SUPPRESSED", "BREACH_NOT_TOLD")

    run(database, scenario)


def test_a_silence_can_be_ended_early(database: str) -> None:
    async def scenario(one: Office, server: MailServer) -> None:
        name = await silence(one, "scope=Jira", hours=100)
        await one.take_in(breach(at_ms=await one.now_ms()))
        await one.work()
        now = await one.database.run(one.now)
        assert await one.database.run(lambda connection: end(connection, name, now))
        await one.pass_by(seconds=1)
        assert len(server.subjects) == 1

    run(database, scenario)


@pytest.mark.parametrize(
    ("texts", "covers"),
    [
        (["appKey=com.acme.charts"], True),
        (["appKey=com.acme"], False),
        (["appKey=~com.acme"], False),
        (["appKey=~com\\.acme\\..*"], True),
        (["appKey!=com.acme.charts"], False),
        (["scope!=Confluence", "partner=Acme"], True),
        (["partner=acme"], True),
        (["partner!=Acme"], False),
        (["objective=other", "scope=Jira"], False),
        ([], False),
    ],
)
def test_all_matchers_have_to_hold(texts: list[str], covers: bool) -> None:
    silence_of = Silence("s", tuple(map(Matcher.parse, texts)))
    assert silence_of.covers(breach(at_ms=1_700_000_000_000), "acme") is covers


@pytest.mark.parametrize("text", ["", "app=x", "appKey", "appKey=~(", "severity=page", "scope=" + "x" * 501])
def test_what_is_no_matcher_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"matcher|pattern|at most"):
        Matcher.parse(text)
