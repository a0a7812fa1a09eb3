"""Tokens are good once over all gateways: the first claim in the log of `slo.used-tokens.v1` is the only good one.

A gateway writes what it is about to accept, and accepts it when it reads its own claim back and nobody claimed it
before. All claims lie on one partition, whose order every gateway sees alike. Claims of calls that come at the same
time share a record. After a restart the claims of the last minutes are read first: a used token stays used.
"""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from itertools import islice
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from pydantic import ValidationError

from schemas.used_tokens import UsedTokens
from streams.gateway.fingerprints import ReplayGuard

PARTITION: Final = 0

PAUSE_S: Final = 0.005
"""Between two records, which cost as much as twenty claims each."""

_BATCH: Final = 1_000  # claims in a record, some 50 KB

_Claim = asyncio.Future[bool | None]  # whether it is the first; None: nobody can tell


class NotClaimedError(Exception):
    """The brokers did not take a claim in time: whether the token was used before is not known."""


class TokenClaims:
    """The claims of one gateway; `send` writes a record, and returns when all replicas have it.

    `follow` has to run meanwhile.
    """

    def __init__(
        self,
        guard: ReplayGuard,
        send: Callable[[bytes], Awaitable[object]],
        wait_s: float,
        pause_s: float = PAUSE_S,
    ) -> None:
        self._guard = guard
        self._send = send
        self._wait_s = wait_s
        self._pause_s = pause_s
        self._gateway = uuid.uuid4().hex
        self._coming: dict[str, _Claim] = {}
        self._sent: dict[int, dict[str, _Claim]] = {}
        self._number = 0
        self._sending_since_s: float | None = None
        self._delivery: asyncio.Task[None] | None = None

    @property
    def is_full(self) -> bool:
        """Whether no more tokens can be remembered now."""
        return self._guard.is_full

    @property
    def is_stuck(self) -> bool:
        """Whether the brokers have left a claim unanswered for too long."""
        since_s = self._sending_since_s
        return since_s is not None and time.monotonic() - since_s > self._wait_s / 2

    async def is_first_use(self, token: str) -> bool:
        """Claim a token; False if it was claimed before, here or anywhere.

        Raises:
            NotClaimedError: nobody can tell now.
        """
        if token in self._coming or self._guard.knows(token):
            return False
        first: _Claim = asyncio.get_running_loop().create_future()
        self._coming[token] = first
        if self._delivery is None or self._delivery.done():
            self._delivery = asyncio.create_task(self._deliver())
        is_first = await first
        if is_first is None:
            raise NotClaimedError
        return is_first

    async def _deliver(self) -> None:
        """Send what comes: the first claim at once, further ones with those that come within a few milliseconds."""
        loop = asyncio.get_running_loop()
        while self._coming:
            batch = dict(islice(self._coming.items(), _BATCH))
            self._coming = dict(islice(self._coming.items(), _BATCH, None))
            self._number += 1
            self._sent[self._number] = batch
            loop.call_later(self._wait_s, self._give_up, self._number)
            claim = UsedTokens.model_construct(gateway=self._gateway, number=self._number, tokens=list(batch))
            self._sending_since_s = time.monotonic()
            try:
                await self._send(claim.model_dump_json().encode())
            except KafkaError:
                self._give_up(self._number)
            finally:
                self._sending_since_s = None
            await asyncio.sleep(self._pause_s)

    def _give_up(self, number: int) -> None:
        unanswered = self._sent.pop(number, {})
        if number == self._number and self._sending_since_s is not None:  # who came meanwhile is not sent, either
            unanswered, self._coming = unanswered | self._coming, {}
        for first in unanswered.values():
            if not first.done():
                first.set_result(None)

    def apply(self, value: bytes | None) -> None:
        """Take a record of the log; one that is none claims nothing."""
        try:
            claim = UsedTokens.model_validate_json(value or b"")
        except ValidationError:
            return
        ours = self._sent.pop(claim.number, {}) if claim.gateway == self._gateway else {}
        for token in claim.tokens:
            is_first, first = self._guard.is_first_use(token), ours.get(token)
            if first is not None and not first.done():
                first.set_result(is_first)

    async def read(self, consumer: AIOKafkaConsumer, tp: TopicPartition, keep_s: float) -> None:
        """Begin with the claims of the last `keep_s` seconds, to the present end.

        Raises:
            KafkaError: the brokers do not answer.
        """
        consumer.assign([tp])
        end = (await consumer.end_offsets([tp]))[tp]
        from_ms = int(1_000 * (time.time() - keep_s))
        found = (await consumer.offsets_for_times({tp: from_ms}))[tp]
        consumer.seek(tp, end if found is None else found.offset)
        while await consumer.position(tp) < end:
            await self._take(consumer, timeout_ms=500)

    async def follow(self, consumer: AIOKafkaConsumer) -> None:
        """Go on reading, for ever.

        Raises:
            KafkaError: this cannot be done any more.
        """
        while True:
            await self._take(consumer, timeout_ms=1_000)

    async def _take(self, consumer: AIOKafkaConsumer, timeout_ms: int) -> None:
        for records in (await consumer.getmany(timeout_ms=timeout_ms)).values():
            for record in records:
                self.apply(record.value)
