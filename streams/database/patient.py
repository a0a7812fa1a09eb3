"""Transactions that outlive a database which is away for a while: a restart, a failover, a cut connection, a full disk.

Nobody can tell whether a transaction whose connection was lost at its end was committed. So an action is tried again
only on the promise that it looks by itself whether it was done.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import psycopg

from streams.database.errors import DatabaseAwayError

log = logging.getLogger(__name__)

Connection = psycopg.AsyncConnection[tuple[Any, ...]]
Answer = TypeVar("Answer")

_FIRST_WAIT_S: Final = 0.1
_LONGEST_WAIT_S: Final = 5.0
# What passes by itself: no connection, a restart, a full disk, a deadlock, one's own time limit; and having stood still
# amid a transaction for so long that the server has ended it.
_PASSING: Final = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.IdleInTransactionSessionTimeout,
    TimeoutError,
)


class PatientDatabase:
    """Runs actions, each in a transaction of its own; one that cannot be done now is tried again.

    `conninfo` is as psycopg takes it. An action has `attempt_s`; for `patience_s` it is tried again. At most
    `connections` run at once. `tell` hears why it waits, and None once it does not any longer.
    """

    def __init__(
        self,
        conninfo: str,
        *,
        patience_s: float,
        attempt_s: float,
        tell: Callable[[str | None], None] = lambda _why: None,
        connections: int = 4,
    ) -> None:
        self._away_since_s: float | None = None
        self._tell = tell
        self._conninfo = conninfo
        self._patience_s = patience_s
        self._attempt_s = attempt_s
        self._idle: list[Connection] = []
        self._turns = asyncio.Semaphore(connections)

    @property
    def away_s(self) -> float:
        """For how long nothing could be done; 0: what was tried last went well."""
        return 0.0 if self._away_since_s is None else time.monotonic() - self._away_since_s

    async def run(self, action: Callable[[Connection], Awaitable[Answer]]) -> Answer:
        """What the action gives, once it is committed. It may be run again after it was committed unseen.

        Raises:
            DatabaseAwayError: patience has run out.
            psycopg.Error: the database refuses it for good.
        """

        async def attempt() -> Answer:
            async with self._transaction() as connection:
                return await action(connection)

        return await self.insist(attempt)

    async def insist(self, attempt: Callable[[], Awaitable[Answer]]) -> Answer:
        """What an attempt of any kind gives, once the database lets it.

        Raises:
            DatabaseAwayError: patience has run out.
        """
        wait_s, deadline_s = _FIRST_WAIT_S, time.monotonic() + self._patience_s
        while True:
            try:
                async with asyncio.timeout(self._attempt_s):
                    answer = await attempt()
            except _PASSING as problem:
                if time.monotonic() > deadline_s:
                    raise DatabaseAwayError(f"the database is away for {self._patience_s:g} s: {problem}") from problem
                self._note(problem)
            else:
                self._note(None)
                return answer
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)

    async def close(self) -> None:
        """Let go of all connections."""
        while self._idle:
            await self._idle.pop().close()

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Connection]:
        """On a connection that is used again only if all went well."""
        async with self._turns:
            connection = self._idle.pop() if self._idle else None
            if connection is None:
                connection = await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True)
            try:
                async with connection.transaction():
                    yield connection
            except BaseException:
                await connection.close()
                raise
            self._idle.append(connection)

    def _note(self, problem: Exception | None) -> None:
        """Say when it begins to be away, and when it is back; not each attempt between."""
        if problem is None and self._away_since_s is not None:
            log.info("the database is back after %.1f s", time.monotonic() - self._away_since_s)
            self._away_since_s = None
            self._tell(None)
        elif problem is not None and self._away_since_s is None:
            self._away_since_s = time.monotonic()
            said = str(problem) or f"no answer within {self._attempt_s:g} s"
            log.warning("the database cannot be worked with, trying again for %g s: %s", self._patience_s, said)
            self._tell(f"waiting for the database: {said.splitlines()[0]}")
