"""Run by a test with the packages of an older version: a notifier's work, each step when standard input names it."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import psycopg

from streams.database.connection import check_schema, conninfo
from streams.database.patient import Connection
from streams.database.roles import Role
from streams.incidents.projection import Projection
from streams.names import Topics
from streams.notifier.claim import claim
from streams.notifier.enqueue import Enqueued, enqueue
from streams.notifier.mail.letter import Sender
from streams.notifier.mail.server import mail_server
from streams.notifier.mail.smtp import SmtpChannel
from streams.notifier.notification import Kind, Notification
from streams.notifier.rows import database_time
from streams.notifier.target import Target
from streams.notifier.targets import Targets

TARGET = Target("sre", "smtp", "sre@acme.example")
"""Whom both versions tell."""
DIGEST = "digest-of-older"


async def _say_nothing(*_: object) -> None:
    """Whom an incident is told is not what is looked at."""


async def _show_incidents(connection: Connection, at_ms: int) -> str:
    """What partners see of incidents, made anew of what was added to their timelines."""
    return str(await Projection(Topics(), _say_nothing).refresh(connection, at_ms, None))


async def _make_a_digest(connection: Connection, alerts: list[dict[str, Any]]) -> str:
    told = Notification(DIGEST, Kind.DIGEST, DIGEST, 0, alerts)
    await enqueue(connection, Enqueued(told, [TARGET]))
    return DIGEST


async def _claim(connection: Connection, public_url: str) -> str:
    """The subjects of what it would send."""
    channel = SmtpChannel(mail_server("smtp://127.0.0.1:9"), Sender("SLO alerts", "slo@slo.example", public_url))
    now = await database_time(connection)
    claimed = await claim(connection, channel, Targets([TARGET]), "older", now, 10, 90.0)
    return " ".join(line.decode() for one in claimed for line in one.message.body.splitlines() if b"Subject:" in line)


async def _main(url: str) -> None:
    check_schema(url)
    steps: dict[str, Callable[[Connection, Any], Awaitable[str]]] = {
        "incidents": _show_incidents,
        "digest": _make_a_digest,
        "claim": _claim,
    }
    async with await psycopg.AsyncConnection.connect(conninfo(url, Role.WRITER, "older")) as connection:
        print("ready", flush=True)
        for line in sys.stdin:
            step, argument = orjson.loads(line)
            async with connection.transaction():
                print(await steps[step](connection, argument), flush=True)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))
