"""What is due is sent, in order, at least once, whatever the mail server does."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from streams.database.patient import Connection
from streams.notifier.claim import claim
from streams.notifier.mail.server import mail_server as server_of
from streams.notifier.mail.smtp import SmtpChannel
from streams.notifier.notification import DAY_MS, Kind
from streams.notifier.retention import Retention
from streams.notifier.target import Target
from tests.notifier.mail_server import DROP, HANG, KEEP_AND_DROP, MailServer, mail_server
from tests.notifier.office import SENDER, SRE, Office, breach, office, recovery


def told(
    url: str, scenario: Callable[[Office, MailServer], Awaitable[None]], *targets: Target, **faults: object
) -> None:
    """Run a scenario with one notifier and one mail server."""

    async def run() -> None:
        async with mail_server(MailServer(**faults)) as server, office(url, server.port, targets) as one:  # type: ignore[arg-type]
            await scenario(one, server)

    asyncio.run(run())


def test_breach_and_recovery_arrive_in_this_order(database: str) -> None:
    async def scenario(one: Office, server: MailServer) -> None:
        down = breach(at_ms=await one.now_ms())
        await one.take_in(down, recovery(down))
        await one.work()
        assert server.subjects == [
            "[BREACH] Charts: Jira Webhook Delivery Success Rate 98.7 % < 99 %",
            "[RECOVERY] Charts: Jira Webhook Delivery Success Rate 99.4 % >= 99 % (after 42 min)",
        ]
        assert [mail.recipient for mail in server.received] == [SRE, SRE]
        assert one.states() == [("BREACH", "SENT", None), ("RECOVERY", "SENT", None)]

    told(database, scenario)


def test_lines_that_begin_with_a_dot_arrive_as_they_are(database: str) -> None:
    async def scenario(one: Office, server: MailServer) -> None:
        names = {"name": ".", "partnerName": "..acme"}
        await one.take_in(breach(at_ms=await one.now_ms(), appDetails=names))
        await one.work()
        [(body,)] = one.select("select body from slo.delivery")
        assert b"\r\n.: Jira Webhook" in body
        assert [mail.raw for mail in server.received] == [body]

    told(database, scenario)


def test_a_claim_reads_what_it_takes_and_not_all_that_is_due(database: str) -> None:
    """Also where the table was last looked through by the planner while nothing was due, as it mostly is."""
    most, alerts = 64, 1_000
    read = "select seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables where relname = 'delivery'"

    async def scenario(one: Office, _server: MailServer) -> None:
        with psycopg.connect(one.url, autocommit=True) as connection:
            connection.execute("analyze slo.delivery")
        now_ms = await one.now_ms()
        await one.take_in(*(breach(f"app-{number}", at_ms=now_ms) for number in range(alerts)))

        async def act(connection: Connection) -> tuple[int, int]:
            now = await one.now(connection)
            found = await claim(connection, one.courier.channel, one.targets, "a notifier", now, most, 90.0)
            row = await (await connection.execute(read.encode())).fetchone()
            assert row is not None
            return len(found), row[0]

        claimed, rows = await one.database.run(act)
        assert claimed == most
        assert rows < 6 * alerts  # each of the three statements may read all once; not once for each row

    told(database, scenario)


def test_a_ticket_is_not_mailed_to_the_address_of_the_catalogue(database: str) -> None:
    async def scenario(one: Office, server: MailServer) -> None:
        await one.take_in(breach(at_ms=await one.now_ms(), severity="ticket"))
        await one.work()
        assert server.subjects == []

    told(database, scenario)


@pytest.mark.parametrize("answer", ["451 4.7.1 greylisted", "452 4.2.2 mailbox full", DROP, HANG])
def test_what_is_refused_for_now_comes_later_and_the_recovery_after_it(database: str, answer: str) -> None:
    async def scenario(one: Office, server: MailServer) -> None:
        if answer == HANG:
            one.courier.channel = SmtpChannel(server_of(server.url), SENDER, send_s=1.0)
        down = breach(at_ms=await one.now_ms())
        await one.take_in(down, recovery(down))
        await one.stop_clock()
        await one.work()
        assert one.states() == [("BREACH", "DUE", one.states()[0][2]), ("RECOVERY", "DUE", None)]
        await one.pass_by(seconds=4)  # the shortest pause is of 5 s
        assert server.subjects == []
        await one.pass_by(seconds=12)
        assert [subject.split("]")[0] for subject in server.subjects] == ["[BREACH", "[RECOVERY"]

    told(database, scenario, at_recipient=lambda _who, times: answer if times == 1 else None)


def test_what_was_taken_unheard_comes_a_second_time_with_the_same_bytes(database: str) -> None:
    async def scenario(one: Office, server: MailServer) -> None:
        await one.take_in(breach(at_ms=await one.now_ms()))
        await one.work()
        await one.pass_by(seconds=20)
        first, second = server.received
        assert first.raw == second.raw
        assert one.states() == [("BREACH", "SENT", None)]

    told(database, scenario, at_data=lambda _who, times: KEEP_AND_DROP if times == 1 else None)


@pytest.mark.parametrize("place", ["at_recipient", "at_data"])
def test_what_is_refused_for_good_is_dead_at_once_and_its_recovery_untold(database: str, place: str) -> None:
    async def scenario(one: Office, server: MailServer) -> None:
        down = breach(at_ms=await one.now_ms())
        await one.take_in(down, recovery(down))
        one.contact = type(one.contact)("other@acme.example", "acme", None)
        await one.take_in(breach("forms", at_ms=await one.now_ms()))
        await one.work()
        assert one.states() == [
            ("BREACH", "DEAD", "REFUSED"),
            ("RECOVERY", "SUPPRESSED", "BREACH_NOT_TOLD"),
            ("BREACH", "SENT", None),
        ]

    told(database, scenario, **{place: lambda who, _times: "550 5.1.1 no such user" if who == SRE else None})


def test_a_server_that_closes_pauses_all_until_one_got_through(database: str) -> None:
    async def scenario(one: Office, server: MailServer) -> None:
        now_ms = await one.now_ms()
        await one.take_in(*(breach(f"app-{i}", at_ms=now_ms) for i in range(3)))
        await one.stop_clock()
        await one.work()
        attempts = one.select("select sum(attempts) from slo.delivery")
        await one.pass_by(seconds=2)
        assert one.select("select sum(attempts) from slo.delivery") == attempts
        await one.pass_by(seconds=30)
        assert len(server.received) == 3
        assert one.select("select * from slo.pause") == []

    told(database, scenario, at_recipient=lambda _who, times: "421 4.3.2 closing" if times <= 3 else None)


def test_a_server_that_is_away_for_an_hour_loses_nothing(database: str) -> None:
    async def scenario() -> None:
        async with mail_server() as server:
            port = server.port
        async with office(database, port) as one:
            now_ms = await one.now_ms()
            alerts = [breach(f"app-{i}", at_ms=now_ms) for i in range(20)]
            await one.take_in(*alerts)
            for _ in range(12):
                await one.pass_by(minutes=5)
            await one.take_in(*map(recovery, alerts))
            async with mail_server(port=port) as back:
                await one.pass_by(minutes=15)
                await one.work()
                assert len(back.received) == 40
                for alert in alerts:
                    kinds = [
                        str(r.mail["X-SLO-Type"])
                        for r in back.received
                        if r.mail["X-SLO-Incident"] == alert["incidentId"]
                    ]
                    assert kinds == ["BREACH", "RECOVERY"]

    asyncio.run(scenario())


def test_after_72_hours_what_never_got_through_is_dead(database: str) -> None:
    async def scenario() -> None:
        async with mail_server() as server:
            port = server.port
        async with office(database, port) as one:
            await one.take_in(breach(at_ms=await one.now_ms()))
            await one.work()
            await one.pass_by(hours=71)
            assert one.states() == [("BREACH", "DUE", one.states()[0][2])]
            await one.pass_by(hours=2)
            assert one.states() == [("BREACH", "DEAD", "GAVE_UP")]

    asyncio.run(scenario())


def test_a_refused_password_pauses_the_channel_and_nothing_dies(database: str) -> None:
    async def scenario(one: Office, server: MailServer) -> None:
        await one.take_in(breach(at_ms=await one.now_ms()))
        for _ in range(20):
            await one.pass_by(hours=1)
        assert one.states()[0][:2] == ("BREACH", "DUE")
        assert one.select("select unauthorised from slo.pause") == [(True,)]

    told(database, scenario, at_recipient=lambda _who, _times: "530 5.7.0 authentication required")


def test_a_password_that_is_mended_after_a_week_sends_all_that_waited(database: str) -> None:
    answers = ["530 5.7.0 authentication required"]

    async def scenario(one: Office, server: MailServer) -> None:
        await one.take_in(breach(at_ms=await one.now_ms()), breach("maps", at_ms=await one.now_ms()))
        await one.work()
        for _ in range(4):
            await one.pass_by(days=2)
        assert [state for _, state, _ in one.states()] == ["DUE", "DUE"]
        answers.clear()
        await one.pass_by(hours=1)
        assert [state for _, state, _ in one.states()] == ["SENT", "SENT"]

    told(database, scenario, at_recipient=lambda _who, _times: answers[0] if answers else None)


OPS_BY_MAIL = Target("ops-mail", "smtp", "ops@slo.example", events=frozenset({Kind.OPERATORS}), role="operators")
OPS_BY_HOOK = Target("ops-hook", "webhook", "https://ops.example", events=frozenset({Kind.OPERATORS}), role="operators")
_TO_OPERATORS = """
select target, d.state, n.data->>'subject' from slo.delivery d join slo.notification n on n.id = notification
where d.kind = 'OPERATORS' order by d.seq
"""


def test_operators_hear_of_dead_letters_by_another_channel_once_an_hour(database: str) -> None:
    async def scenario(one: Office, server: MailServer) -> None:
        await one.take_in(breach(at_ms=await one.now_ms()), breach("maps", at_ms=await one.now_ms()))
        await one.work()
        await one.work()
        [(target, state, subject)] = one.select(_TO_OPERATORS)
        assert (target, state) == ("ops-hook", "DUE")
        assert "could not be delivered by smtp" in subject
        await one.pass_by(hours=2)
        assert len(one.select(_TO_OPERATORS)) == 1

    refused = "550 5.1.1 no such user"
    told(database, scenario, OPS_BY_MAIL, OPS_BY_HOOK, at_recipient=lambda who, _times: refused if who == SRE else None)


def test_operators_hear_once_of_a_record_that_is_too_large_to_be_published(database: str) -> None:
    async def scenario(one: Office, server: MailServer) -> None:
        with psycopg.connect(database) as connection:
            connection.execute("insert into slo.outbox (topic, key, refused) values ('t', 'k', 't, k: too large')")
        for _ in range(3):
            await one.pass_by(hours=1)
        (data,) = (row[0] for row in one.select("select data from slo.notification where kind = 'OPERATORS'"))
        assert data["facts"] == {"record": "t, k", "reason": "too large"}
        assert [row[:2] for row in one.select(_TO_OPERATORS)] == [("ops-hook", "DUE")]

    told(database, scenario, OPS_BY_HOOK)


def test_operators_hear_of_what_was_given_up_after_days(database: str) -> None:
    async def scenario(one: Office, server: MailServer) -> None:
        await one.take_in(breach(at_ms=await one.now_ms()))
        await one.work()
        await one.pass_by(hours=73)
        assert one.states()[0] == ("BREACH", "DEAD", "GAVE_UP")
        assert [row[:2] for row in one.select(_TO_OPERATORS)] == [("ops-hook", "DUE")]

    told(database, scenario, OPS_BY_HOOK, at_recipient=lambda _who, _times: "451 4.3.0 later")


def test_a_month_later_the_text_of_what_is_over_is_gone_and_that_it_was_sent_stays(database: str) -> None:
    async def scenario(one: Office, server: MailServer) -> None:
        over, still_open = breach(at_ms=await one.now_ms()), breach("maps", at_ms=await one.now_ms())
        await one.take_in(over, still_open, recovery(over))
        await one.work()
        retention = Retention(35 * DAY_MS, 400 * DAY_MS, now=one.now)
        bodies = "select count(body), count(sent_at), (select count(*) from slo.delivery_attempt) from slo.delivery"
        await one.database.run(retention.do)
        assert one.select(bodies) == [(3, 3, 3)]
        one.ahead += timedelta(days=36)
        await one.database.run(retention.do)
        assert one.select(bodies) == [(1, 3, 0)]

    told(database, scenario)


def test_a_year_later_what_is_over_is_forgotten_and_a_replay_tells_nobody(database: str) -> None:
    person = Target("ops", "smtp", "ops@slo.example")

    def alerts_told(server: MailServer) -> list[str]:
        return [subject for subject in server.subjects if "STILL OPEN" not in subject]

    rows = "select (select count(*) from slo.notification), count(*), count(digest) from slo.delivery"

    async def scenario(one: Office, server: MailServer) -> None:
        now_ms = await one.now_ms()
        over = [breach(f"app-{i}", at_ms=now_ms) for i in range(8)]
        still_open, refused = breach("maps", at_ms=now_ms), breach("gone", at_ms=now_ms)
        await one.take_in(*over, *map(recovery, over), still_open)
        await one.work(200)
        await one.pass_by(minutes=5)
        one.contact = replace(one.contact, email="stuck@acme.example")
        await one.take_in(refused, recovery(refused))
        await one.pass_by(minutes=5)
        told_before = len(alerts_told(server))
        retention = Retention(35 * DAY_MS, 400 * DAY_MS, now=one.now)
        one.ahead += timedelta(days=399)
        await one.database.run(retention.do)
        [(notifications, deliveries, members)] = one.select(rows)
        assert members > 0
        one.ahead += timedelta(days=2)
        await one.database.run(retention.do)  # what a digest lists, then the digest
        await one.database.run(retention.do)
        left = {thread for (thread,) in one.select("select thread from slo.notification")}
        assert left >= {still_open["incidentId"], refused["incidentId"]}
        assert not left & {alert["incidentId"] for alert in over}
        one.contact = replace(one.contact, email=SRE)
        await one.take_in(*over, *map(recovery, over))
        await one.work(200)
        assert len(alerts_told(server)) == told_before
        assert {state for kind, state, _ in one.states() if kind != "REMINDER"} >= {"SUPPRESSED"}
        assert (notifications, deliveries) != (0, 0)

    stuck = "530 5.7.0 authentication required"
    told(database, scenario, person, at_recipient=lambda who, _times: stuck if who.startswith("stuck") else None)


def test_old_alerts_are_recorded_and_not_sent(database: str) -> None:
    async def scenario(one: Office, server: MailServer) -> None:
        old = breach(at_ms=await one.now_ms() - 25 * 3_600_000)
        await one.take_in(old, recovery(old, after_min=25 * 60))
        await one.work()
        assert server.subjects == []
        assert one.states() == [("BREACH", "SUPPRESSED", "TOO_OLD"), ("RECOVERY", "SUPPRESSED", "BREACH_NOT_TOLD")]

    told(database, scenario)


def test_a_replay_sends_nothing_again(database: str) -> None:
    async def scenario(one: Office, server: MailServer) -> None:
        down = breach(at_ms=await one.now_ms())
        for _ in range(3):
            await one.take_in(down, recovery(down))
            await one.work()
        assert len(server.received) == 2

    told(database, scenario)


def test_an_open_breach_is_told_again_each_day(database: str) -> None:
    async def scenario(one: Office, server: MailServer) -> None:
        down = breach(at_ms=await one.now_ms())
        await one.take_in(down)
        await one.work()
        for _ in range(9):
            await one.pass_by(hours=8)
        await one.take_in(recovery(down, after_min=3 * 24 * 60))
        await one.pass_by(hours=30)
        assert [subject.split(" Charts")[0] for subject in server.subjects] == [
            "[BREACH]",
            "[STILL OPEN 1 d]",
            "[STILL OPEN 2 d]",
            "[STILL OPEN 3 d]",
            "[RECOVERY]",
        ]

    told(database, scenario)


def test_who_wants_reminders_alone_hears_of_what_stays_open(database: str) -> None:
    lead = Target("lead", "smtp", "lead@acme.example", partner="acme", events=frozenset({Kind.REMINDER}))

    async def scenario(one: Office, server: MailServer) -> None:
        soon_over, stays = breach("maps", at_ms=await one.now_ms()), breach(at_ms=await one.now_ms(), severity="ticket")
        await one.take_in(soon_over, stays, recovery(soon_over))
        await one.work()
        assert lead.address not in [mail.recipient for mail in server.received]
        await one.pass_by(hours=25)
        await one.pass_by(hours=24)
        mine = [mail.subject.split(" Charts")[0] for mail in server.received if mail.recipient == lead.address]
        assert mine == ["[STILL OPEN 1 d]", "[STILL OPEN 2 d]"]

    told(database, scenario, lead)


def test_who_wants_reminders_alone_is_spared_what_was_before_enrolment(database: str) -> None:
    lead = Target("lead", "smtp", "lead@acme.example", partner="acme", events=frozenset({Kind.REMINDER}))

    async def scenario(one: Office, server: MailServer) -> None:
        now_ms = await one.now_ms()
        one.contact = replace(one.contact, enrolled_ms=now_ms + 1)
        await one.take_in(breach(at_ms=now_ms))
        await one.pass_by(hours=25)
        assert server.received == []
        assert one.states() == [("BREACH", "SUPPRESSED", "NOT_ENROLLED")] * 2

    told(database, scenario, lead)


def test_a_level_of_a_budget_is_told_once(database: str) -> None:
    async def scenario(one: Office, server: MailServer) -> None:
        level = breach(at_ms=await one.now_ms(), objective="webhook-delivery/budget-75", severity="ticket")
        await one.take_in(level, breach("maps", at_ms=await one.now_ms()))
        await one.work()
        await one.pass_by(hours=25)
        assert sorted(kind for kind, _, _ in one.states()) == ["BREACH", "BREACH", "BREACH", "REMINDER", "REMINDER"]
        assert [subject for subject in server.subjects if "STILL OPEN" in subject and "Charts" in subject] == []

    told(database, scenario, Target("tickets", "smtp", "desk@slo.example"))
