"""A person is told of a few alerts one by one, then by digests; a machine of each."""

import asyncio
from collections.abc import Awaitable, Callable

from streams.notifier.target import Target
from tests.notifier.mail_server import MailServer, mail_server
from tests.notifier.office import SRE, Office, breach, office, recovery

PERSON = Target("ops", "smtp", "ops@platform.example")


def run(url: str, scenario: Callable[[Office, MailServer], Awaitable[None]], **faults: object) -> None:
    async def all_of_it() -> None:
        async with mail_server(MailServer(**faults)) as server, office(url, server.port, [PERSON]) as one:  # type: ignore[arg-type]
            await scenario(one, server)

    asyncio.run(all_of_it())


def subjects(server: MailServer, who: str) -> list[str]:
    return [one.subject for one in server.received if one.recipient == who]


def test_a_person_gets_five_and_a_digest_that_lists_the_rest_a_machine_all(database: str) -> None:
    async def scenario(one: Office, server: MailServer) -> None:
        now_ms = await one.now_ms()
        alerts = [breach(f"app-{i:02}", at_ms=now_ms) for i in range(40)]
        await one.take_in(*alerts, recovery(alerts[39]))
        await one.work(200)
        assert len(subjects(server, SRE)) == 41
        assert len(subjects(server, PERSON.address)) == 5
        await one.pass_by(minutes=5)
        mails = [mail for mail in server.received if mail.recipient == PERSON.address]
        assert mails[5].subject == "[DIGEST] 35 breaches, 1 recovery, 35 apps"
        text = mails[5].mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        told = {str(mail.mail["X-SLO-Incident"]) for mail in mails[:5]}
        assert all((alert["incidentId"] in told) != (alert["incidentId"] in text) for alert in alerts)
        assert len(mails) == 6
        assert {state for _, state, _ in one.states()} == {"SENT"}

    run(database, scenario)


def test_after_the_storm_they_come_singly_again(database: str) -> None:
    async def scenario(one: Office, server: MailServer) -> None:
        now_ms = await one.now_ms()
        await one.take_in(*(breach(f"app-{i}", at_ms=now_ms) for i in range(7)))
        await one.work()
        await one.pass_by(minutes=11)
        await one.take_in(breach("late", at_ms=await one.now_ms()))
        await one.work()
        kinds = [subject.split("]")[0] for subject in subjects(server, PERSON.address)]
        assert kinds == ["[BREACH"] * 5 + ["[DIGEST", "[BREACH"]

    run(database, scenario)


def test_a_digest_tells_what_is_still_open_from_what_is_new(database: str) -> None:
    async def scenario(one: Office, server: MailServer) -> None:
        now_ms = await one.now_ms()
        await one.take_in(*(breach(f"app-{i}", at_ms=now_ms) for i in range(8)))
        await one.work()
        await one.pass_by(minutes=5)
        await one.pass_by(days=1)
        await one.pass_by(minutes=5)
        mails = [mail for mail in server.received if mail.recipient == PERSON.address]
        assert mails[-1].subject == "[DIGEST] 3 still open, 3 apps"
        assert mails[-1].mail.get_body(("plain",)).get_content().count(" STILL OPEN ") == 3  # type: ignore[union-attr]

    run(database, scenario)


def test_a_recovery_waits_for_the_digest_with_its_breach(database: str) -> None:
    async def scenario(one: Office, server: MailServer) -> None:
        alerts = [breach(f"app-{i}", at_ms=await one.now_ms()) for i in range(8)]
        await one.take_in(*alerts)
        await one.work()
        await one.pass_by(minutes=5)  # the digest is refused for now
        await one.take_in(*map(recovery, alerts))
        await one.work()
        kinds = [subject.split("]")[0] for subject in subjects(server, PERSON.address)]
        assert kinds == ["[BREACH"] * 5
        await one.pass_by(minutes=6)
        await one.pass_by(minutes=6)
        kinds = [subject.split("]")[0] for subject in subjects(server, PERSON.address)]
        assert kinds[5] == "[DIGEST"
        assert [subject for subject in subjects(server, PERSON.address) if subject.startswith("[DIGEST]")] == [
            "[DIGEST] 5 recoveries, 5 apps",  # of those whose breaches were told singly
            "[DIGEST] 3 breaches, 3 apps",
            "[DIGEST] 3 recoveries, 3 apps",
        ]
        assert {state for _, state, _ in one.states()} == {"SENT"}

    run(
        database,
        scenario,
        at_data=lambda who, times: "451 later" if who == PERSON.address and times == 6 else None,
    )


def test_a_digest_by_a_channel_that_takes_few_lines_becomes_several(database: str) -> None:
    async def scenario(one: Office, server: MailServer) -> None:
        one.courier.channel.most_listed = 10
        alerts = [breach(f"app-{i:02}", at_ms=await one.now_ms()) for i in range(28)]
        await one.take_in(*alerts)
        await one.work(200)
        await one.pass_by(minutes=5)
        mails = [mail for mail in server.received if mail.recipient == PERSON.address]
        listed = [mail.mail.get_body(("plain",)).get_content() for mail in mails[5:]]  # type: ignore[union-attr]
        assert [text.count("BREACH") for text in listed] == [10, 10, 3]
        told = [str(mail.mail["X-SLO-Incident"]) for mail in mails[:5]]
        assert all(alert["incidentId"] in told or any(alert["incidentId"] in t for t in listed) for alert in alerts)

    run(database, scenario)
