"""Events that keep coming, whatever happens to those who read them."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from aiokafka.errors import KafkaError

from tests.e2e.flow import Flow
from tests.model import Record
from tests.model.generate import START_MS, random_log

_RECORDS_AT_A_TIME: Final = 20
_PAUSE_S: Final = 0.25
_PATIENCE_S: Final = 120
REPEATED_ONE_IN: Final = 20
LARGEST_RECORD_BYTES: Final = 4 * 1024 * 1024

Source = Callable[[random.Random, Flow, int], list[Record]]
"""More records from a moment of event time on, in ms."""


def everything(rng: random.Random, flow: Flow, now_ms: int) -> list[Record]:
    """A log with all that goes wrong in one."""
    return random_log(rng.getrandbits(32), 500, partitions=flow.partitions, start_ms=now_ms)


def twice_and_out_of_order(rng: random.Random, flow: Flow, now_ms: int) -> list[Record]:
    """The same, each record up to ten places later than it was, and every twentieth sent again at any time."""
    log = everything(rng, flow, now_ms)
    arrivals = [(place + rng.uniform(0, 10), record) for place, record in enumerate(log)]
    arrivals += [(rng.uniform(0, len(log)), record) for record in rng.sample(log, len(log) // REPEATED_ONE_IN)]
    return [record for _, record in sorted(arrivals, key=lambda arrival: arrival[0])]


class Traffic:
    """Produces a source little by little: `produced` records so far, up to `now_ms` in event time."""

    def __init__(self, flow: Flow, source: Source, rng: random.Random) -> None:
        self.now_ms = START_MS
        self.produced = 0
        self._flow = flow
        self._source = source
        self._rng = rng
        self._enough = asyncio.Event()
        self.over = asyncio.Event()
        """Set once the last record was acknowledged."""

    def end(self) -> None:
        """No more."""
        self._enough.set()

    async def flow(self) -> None:
        """Produce until the end; while no broker answers, records wait."""
        try:
            await self._produce()
        finally:
            self.over.set()

    async def _produce(self) -> None:
        while not self._enough.is_set():
            log = self._flow.place(self._source(self._rng, self._flow, self.now_ms))
            self.now_ms = max(self.now_ms, *(record.timestamp_ms or 0 for record in log))
            for start in range(0, len(log), _RECORDS_AT_A_TIME):
                await self._deliver(log[start : start + _RECORDS_AT_A_TIME])
                self.produced += len(log[start : start + _RECORDS_AT_A_TIME])
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._enough.wait(), _PAUSE_S)
                if self._enough.is_set():
                    return

    async def _deliver(self, records: list[Record]) -> None:
        """Produce until acknowledged; a record may then be there twice, and counts twice."""
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                try:
                    await self._flow.produce(records, max_request_size=LARGEST_RECORD_BYTES)
                except KafkaError:
                    await asyncio.sleep(_PAUSE_S)
                else:
                    return
