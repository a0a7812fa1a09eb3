"""Whether Kafka answers at all, asked for as long as a worker lives.

While no broker does, nobody can work, and a worker that ended would only start to wait anew: it waits, and says so.
"""

import asyncio
import logging
import time
from contextlib import suppress
from typing import Final, NoReturn

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from streams.kafka.connection import client_options
from streams.settings import Settings

log = logging.getLogger(__name__)

_PERIOD_S: Final = 1.0
_ANSWER_WITHIN_S: Final = 5.0
# Metadata are asked of a topic, or of all of them. This one is Kafka's own, so that none is made by being mentioned.
_TOPIC: Final = "__consumer_offsets"


class BrokersAwayError(Exception):
    """No broker has answered for longer than a worker waits."""


class Brokers:
    """`away_s`: for how long none has answered, beyond what an answer may take; 0 while they answer.

    `back_s`: since when they have answered without a break, monotonic clock.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._patience_s = settings.broker_patience / 1_000
        self._silent_s = 0.0
        self.back_s = time.monotonic()

    @property
    def away_s(self) -> float:  # noqa: D102 - above
        return self._silent_s if self._silent_s > _ANSWER_WITHIN_S else 0.0

    async def watch(self) -> NoReturn:
        """Ask again and again, for as long as the worker lives.

        Raises:
            BrokersAwayError: none has answered for `SLO_BROKER_PATIENCE`.
        """
        asking = asyncio.create_task(self._keep_asking())
        try:
            while True:
                await asyncio.sleep(_PERIOD_S)
                self._waited(_PERIOD_S)  # not by a clock: a process that was stopped has not waited
        finally:
            asking.cancel()
            await asyncio.wait([asking])

    def _waited(self, for_s: float) -> None:
        was_away = bool(self.away_s)
        self._silent_s += for_s
        if self.away_s and not was_away:
            log.warning("no Kafka broker answers; waiting up to %g s for one", self._patience_s)
        if self.away_s > self._patience_s:
            raise BrokersAwayError(f"no Kafka broker has answered for {self.away_s:.0f} s (SLO_BROKER_PATIENCE)")

    def _answered(self) -> None:
        if self.away_s:
            log.info("Kafka answers again, after %.0f s", self.away_s)
            self.back_s = time.monotonic()
        self._silent_s = 0.0

    async def _keep_asking(self) -> NoReturn:
        while True:
            with suppress(KafkaError, OSError):
                await self._ask()
            await asyncio.sleep(_PERIOD_S)

    async def _ask(self) -> None:
        client = AIOKafkaClient(**client_options(self._settings), request_timeout_ms=self._settings.session_timeout)
        try:
            await client.bootstrap()
            client.set_topics([_TOPIC])
            while await client.force_metadata_update():
                self._answered()
                await asyncio.sleep(_PERIOD_S)
        finally:
            await client.close()
