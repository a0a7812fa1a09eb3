"""Sending by one channel: claim, send, record, for as long as the notifier lives."""

import asyncio
import contextlib
import logging
import time
import uuid
from typing import Final

from streams.database.patient import Connection, PatientDatabase
from streams.notifier.channel import SEND_S, Accepted, Channel, Outcome, Temporary
from streams.notifier.claim import LEASE_S, Claimed, claim
from streams.notifier.record import Sent, record
from streams.notifier.rows import Now, database_time
from streams.notifier.storms import make_digests
from streams.notifier.tally import Tally
from streams.notifier.targets import Targets

log = logging.getLogger(__name__)

POLL_S: Final = 0.5
"""How often it is looked for what others enqueued, or what is due again by now."""
_TOGETHER_S: Final = 0.1  # outcomes of so much time are recorded by one commit
_AT_HAND: Final = 32  # for each that can be sent at once: one half is sent while the other is recorded


class Courier:
    """Sends what is due by one channel, many at once; no transaction is open meanwhile.

    `wake` is set whenever something was enqueued here. `now` tells the time of leases and retries.
    """

    def __init__(
        self,
        channel: Channel,
        targets: Targets,
        database: PatientDatabase,
        tally: Tally,
        *,
        now: Now = database_time,
        lease_s: float = LEASE_S,
    ) -> None:
        self.channel = channel
        self.wake = asyncio.Event()
        self._targets = targets
        self._database = database
        self._tally = tally
        self._now = now
        self._lease_s = lease_s
        self._name = uuid.uuid4().hex
        self._most = _AT_HAND * channel.at_once
        self._turns = asyncio.Semaphore(channel.at_once)
        self._sending: set[asyncio.Task[Sent | None]] = set()
        self._ended: list[asyncio.Task[Sent | None]] = []  # and not recorded yet
        self._enough = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled; what is being sent then is sent, and recorded."""
        try:
            while True:
                if not await self.turn():
                    await self._rest()
        except asyncio.CancelledError:
            await asyncio.shield(self._finish())
            raise

    async def turn(self) -> int:
        """Record what was sent, and claim more; how many are under way."""
        ended = len(self._ended)
        all_sent = self._results()
        has_room, half = self._has_room, self._most // 2
        if has_room:
            self.wake.clear()

        async def action(connection: Connection) -> list[Claimed]:
            now = await self._now(connection)
            await record(connection, self.channel.name, self._name, all_sent, now)
            if not has_room:
                return []
            await make_digests(connection, self.channel, self._targets, now)
            return await claim(connection, self.channel, self._targets, self._name, now, half, self._lease_s)

        claimed = await self._database.run(action)
        del self._ended[:ended]
        for sent in all_sent:
            self._tally.sent(self.channel.name, sent.outcome)
        for one in claimed:
            task = asyncio.create_task(self._send(one))
            self._sending.add(task)
            task.add_done_callback(self._note_end)
        may_be_more = len(claimed) == half and self._has_room
        if self._sending and not may_be_more:
            await self._meanwhile()
        return len(self._sending) + len(self._ended)

    async def _meanwhile(self) -> None:
        """While they are being sent: until enough were, or there are others that can be sent beside them."""
        if self._is_enough:
            return
        self._enough.clear()
        events = (self._enough, self.wake) if self._has_room else (self._enough,)
        awaited = [asyncio.create_task(event.wait()) for event in events]
        try:
            for timeout_s in (_TOGETHER_S, POLL_S - _TOGETHER_S):
                happened, _ = await asyncio.wait(awaited, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
                if happened or self._ended:
                    return
        finally:
            for one in awaited:
                one.cancel()

    def _note_end(self, task: asyncio.Task[Sent | None]) -> None:
        self._sending.discard(task)
        self._ended.append(task)
        if self._is_enough:
            self._enough.set()

    @property
    def _has_room(self) -> bool:
        """Whether another half can be claimed beside what is being sent."""
        return len(self._sending) <= self._most // 2

    @property
    def _is_enough(self) -> bool:
        """Whether so many were sent that they are recorded."""
        return len(self._ended) >= self._most // 2 or not self._sending

    def _results(self) -> list[Sent]:
        """What is to be recorded by now. Recorded twice it is as recorded once."""
        return [sent for task in self._ended if (sent := task.result()) is not None]

    async def _rest(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_S):
                await self.wake.wait()

    async def _send(self, one: Claimed) -> Sent | None:
        """Send one when its turn comes; None where that was too late, as another may have it by then."""
        claimed_s = time.monotonic()
        async with self._turns:
            started_s = time.monotonic()
            left_s = self._lease_s - (started_s - claimed_s)
            if left_s < self._lease_s / 3:
                return None
            try:
                async with asyncio.timeout(left_s):
                    outcome: Outcome = await self.channel.send(one.message, one.target)
            except TimeoutError:
                outcome = Temporary(f"no answer within {left_s:.0f} s")
            except Exception as problem:
                log.exception("sending %s", one.message.delivery_id)
                outcome = Temporary(f"{type(problem).__name__}: {problem}")
        if not isinstance(outcome, Accepted):
            log.warning("%s by %s: %s", one.message.delivery_id, self.channel.name, outcome)
        return Sent(one, outcome, time.monotonic() - started_s)

    async def _finish(self) -> None:
        """What is under way is not given up for a stop: half of it would be sent twice."""
        if self._sending:
            await asyncio.wait(self._sending, timeout=SEND_S)
        all_sent = self._results()

        async def action(connection: Connection) -> None:
            await record(connection, self.channel.name, self._name, all_sent, await self._now(connection))

        await self._database.run(action)
        await self.channel.close()
