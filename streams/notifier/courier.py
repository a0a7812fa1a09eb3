"""Sending by one channel: claim, send, record, for as long as the notifier lives."""

import asyncio
import contextlib
import logging
import time
import uuid
from collections import deque
from collections.abc import Sequence
from typing import Final, cast

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
        self._waiting: deque[tuple[Claimed, float]] = deque()  # with when it was claimed
        self._senders: set[asyncio.Task[None]] = set()
        self._under_way = 0  # waiting, or being sent
        self._ended: list[Sent | None] = []  # and not recorded yet
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
        self._take(claimed)
        may_be_more = len(claimed) == half and self._has_room
        if self._under_way and not may_be_more:
            await self._meanwhile()
        return self._under_way + len(self._ended)

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

    def _take(self, claimed: Sequence[Claimed]) -> None:
        claimed_s = time.monotonic()
        self._waiting.extend((one, claimed_s) for one in claimed)
        self._under_way += len(claimed)
        for _ in range(min(self.channel.at_once - len(self._senders), len(claimed))):
            self._senders.add(asyncio.create_task(self._send_on()))

    async def _send_on(self) -> None:
        """Send what waits, one after the other: nobody else has to have a turn in between."""
        try:
            while self._waiting:
                self._ended.append(await self._send(*self._waiting.popleft()))
                self._under_way -= 1
                if self._is_enough:
                    self._enough.set()
        finally:
            self._senders.remove(cast("asyncio.Task[None]", asyncio.current_task()))

    @property
    def _has_room(self) -> bool:
        """Whether another half can be claimed beside what is being sent."""
        return self._under_way <= self._most // 2

    @property
    def _is_enough(self) -> bool:
        """Whether so many were sent that they are recorded."""
        return len(self._ended) >= self._most // 2 or not self._under_way

    def _results(self) -> list[Sent]:
        """What is to be recorded by now. Recorded twice it is as recorded once."""
        return [sent for sent in self._ended if sent is not None]

    async def _rest(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_S):
                await self.wake.wait()

    async def _send(self, one: Claimed, claimed_s: float) -> Sent | None:
        """Send one; None where its turn came too late, as another may have it by then."""
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
        if self._senders:
            await asyncio.wait(self._senders, timeout=SEND_S)
        all_sent = self._results()

        async def action(connection: Connection) -> None:
            await record(connection, self.channel.name, self._name, all_sent, await self._now(connection))

        await self._database.run(action)
        await self.channel.close()
