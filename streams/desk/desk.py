"""The desk: steps that one process does for all, whichever of those that would holds the lock.

Everything it does is done on the connection that holds the lock. So there are never two at work: who has lost the
connection has lost both, and a process that stands still loses them after a while.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, NoReturn, Protocol, TypeVar

import psycopg

from streams.database.connection import conninfo
from streams.database.patient import Connection, PatientDatabase
from streams.database.roles import Role

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

PERIOD_S: Final = 1.0
"""How often the desk looks for work, and another process whether the desk is free."""
_FROZEN_MS: Final = 30_000  # a process that has done nothing for so long gives the lock up
_LOCK: Final = 0x736C_6F5F_6465_736B  # 'slo_desk': taken by nobody else in this database
_ELECT: Final = "select pg_try_advisory_lock(%s)"
_IS_ELECTED: Final = """
select exists (
  select from pg_locks where locktype = 'advisory' and pid = pg_backend_pid() and granted and objsubid = 1
  and (classid::bigint << 32) + objid::bigint = %s
)
"""


class NotElectedError(Exception):
    """Another process is the desk."""


class Step(Protocol):
    """One thing that the desk does."""

    async def take(self, desk: "Desk") -> bool:
        """Do a piece of some seconds at most, by `desk.run`; whether more waits."""

    async def rest(self) -> None:
        """Let go of everything that was held: another process may be the desk now."""


class Desk:
    """Takes steps, one after the other, while it is elected. `url` is that of the database."""

    def __init__(self, url: str, steps: Sequence[Step], *, patience_s: float, attempt_s: float) -> None:
        self._steps = steps
        self._reading = conninfo(url, Role.WRITER, "slo-streams desk, reading")
        limits = f"-c idle_session_timeout={_FROZEN_MS} -c idle_in_transaction_session_timeout={_FROZEN_MS}"
        self._database = PatientDatabase(
            conninfo(url, Role.WRITER, "slo-streams desk", limits),
            patience_s=patience_s,
            attempt_s=attempt_s,
            connections=1,
        )
        self._reader: psycopg.Connection[tuple[Any, ...]] | None = None
        self.is_elected = False

    async def run(self, action: Callable[[Connection], Awaitable[Answer]]) -> Answer:
        """What an action gives, in a transaction of its own, as `PatientDatabase.run`.

        Raises:
            NotElectedError: another process is the desk; nothing was done.
            DatabaseAwayError: patience has run out.
        """

        async def as_desk(connection: Connection) -> tuple[Answer] | None:
            return (await action(connection),) if await _is_elected(connection) else None

        answer = await self._database.run(as_desk)
        if answer is None:
            raise NotElectedError
        return answer[0]

    async def look(self, question: Callable[[psycopg.Connection[tuple[Any, ...]]], Answer]) -> Answer:
        """What a question finds, asked in a thread, of the database as it is at one moment. Nothing is written so.

        Raises:
            DatabaseAwayError: patience has run out.
        """

        def asked() -> Answer:
            if self._reader is None or self._reader.closed:
                self._reader = psycopg.connect(self._reading, autocommit=True)
                self._reader.read_only = True
                self._reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            with self._reader.transaction():
                return question(self._reader)

        return await self._database.insist(lambda: asyncio.to_thread(asked))

    async def work(self) -> NoReturn:
        """Take turns for as long as the process lives."""
        while True:
            if not await self.turn():
                await asyncio.sleep(PERIOD_S)

    async def turn(self) -> bool:
        """Let each step do a piece; whether more waits. Nothing is done while another process is the desk."""
        more = False
        try:
            await self.run(_nothing)
            for step in self._steps:
                more |= await step.take(self)
        except NotElectedError:
            await self._rest()
            return False
        if not self.is_elected:
            log.info("this process is the desk now: it judges standings and publishes them")
            self.is_elected = True
        return more

    async def close(self) -> None:
        """Let another process be the desk."""
        await self._rest()
        await self._database.close()
        if self._reader is not None:
            self._reader.close()

    async def _rest(self) -> None:
        if self.is_elected:
            log.info("another process is the desk now")
            self.is_elected = False
        for step in self._steps:
            await step.rest()


async def _nothing(_connection: Connection) -> None:
    """To see whether this process is the desk."""


async def _is_elected(connection: Connection) -> bool:
    """Whether this connection holds the lock, or got it now: it keeps it for as long as it lives."""
    for question in (_IS_ELECTED, _ELECT):
        row = await (await connection.execute(question.encode(), [_LOCK])).fetchone()
        if row is not None and row[0]:
            return True
    return False
