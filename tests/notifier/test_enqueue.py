"""What is enqueued is there once, in order, or not at all."""

import asyncio

import psycopg
import pytest

from streams.notifier.enqueue import Enqueued, enqueue
from streams.notifier.notification import Kind, Notification, notice
from streams.notifier.target import Target, catalogue_target
from streams.notifier.targets import Targets
from tests.history.sink import patient

SRE = "sre@acme.example"
BREACH = Notification(
    "fNrYLMgXlmU-breach", Kind.BREACH, "fNrYLMgXlmU", 1, {"b": 60.0, "a": "\x00"}, "app", "acme", "page"
)


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def test_a_replay_inserts_nothing(database: str) -> None:
    async def scenario() -> None:
        async with patient(database) as one:
            told = Enqueued(BREACH, [catalogue_target(SRE), Target("hook", "webhook", "https://hook.example")])
            for _ in range(2):
                await one.run(lambda connection: enqueue(connection, told))

    asyncio.run(scenario())
    assert rows(database, "select id, data::text from slo.notification") == [
        ("fNrYLMgXlmU-breach", '{"b":60.0,"a":"\\u0000"}')
    ]
    assert rows(database, "select id, target, state from slo.delivery order by seq") == [
        ("fNrYLMgXlmU-breach.7632af50bd", SRE, "DUE"),
        ("fNrYLMgXlmU-breach.678186275b", "hook", "DUE"),
    ]


def test_what_is_enqueued_falls_with_its_transaction(database: str) -> None:
    class OtherError(Exception): ...

    async def scenario() -> None:
        async with patient(database) as one:

            async def action(connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
                await enqueue(connection, Enqueued(BREACH, [catalogue_target(SRE)]))
                raise OtherError

            with pytest.raises(OtherError):
                await one.run(action)

    asyncio.run(scenario())
    assert rows(database, "select id from slo.notification") == []


@pytest.mark.parametrize(
    ("target", "wants"),
    [
        (Target("a", "smtp", "x"), True),
        (Target("a", "smtp", "x", partner="acme"), True),
        (Target("a", "smtp", "x", partner="other"), False),
        (Target("a", "smtp", "x", app="other"), False),
        (Target("a", "smtp", "x", events=frozenset({Kind.RECOVERY})), False),
        (Target("a", "smtp", "x", severities=frozenset({"ticket"})), False),
        (Target("a", "smtp", "x", role="operators"), True),
    ],
)
def test_targets_hear_what_they_asked_for(target: Target, wants: bool) -> None:
    assert target.wants(BREACH) is wants


def test_what_is_addressed_to_a_role_is_heard_by_nobody_else() -> None:
    trouble = Notification("t", Kind.OPERATORS, "t", 1, notice("Trouble", []), role="operators")
    operator, other = Target("a", "smtp", "x", role="operators"), Target("b", "smtp", "y")
    assert Targets([operator, other]).wanting(trouble, SRE) == [operator]


def test_a_severity_is_asked_of_alerts_only() -> None:
    standing = Notification("s", Kind.STANDING, "app", 1, notice("REMEDIATION", []), "app", "acme")
    assert [target.id for target in Targets().wanting(standing, SRE)] == [SRE]
