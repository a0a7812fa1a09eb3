"""The desk's step for incidents: as far as all is known it judges common cause, then looks at every incident anew."""

import logging
import time
from contextlib import AsyncExitStack
from typing import Final

from aiokafka.errors import KafkaError

from streams.database.patient import Connection
from streams.desk.desk import Desk
from streams.incidents.completion import LONGEST_WAIT_MS, Movement, completed_ms
from streams.incidents.detection import Detection
from streams.incidents.projection import Projection
from streams.kafka.progress import PartitionProgress, ProgressReader, progress_reader
from streams.settings import Clock, Settings

log = logging.getLogger(__name__)

_ASK_EVERY_S: Final = 1.0
_NOW: Final = "select slo.now_ms(), (select judged_ms from incident_clock)"
_READ_TO: Final = "select part, next from sink_offset where reader = 'history' and topic = %s"


class IncidentStep:
    """Judges and keeps incidents. Without Kafka, under `live`, a minute late."""

    def __init__(self, settings: Settings, detection: Detection, projection: Projection) -> None:
        self._settings = settings
        self._detection = detection
        self._projection = projection
        self._opened = AsyncExitStack()
        self._reader: ProgressReader | None = None
        self._asked_s = 0.0
        self._is_away = False
        self._movement = Movement()

    async def take(self, desk: Desk) -> bool:
        """Judge what is complete, at most a day of it; whether more waits."""
        now_ms, judged_ms = await desk.run(_now)
        until_ms = await self._complete(desk, now_ms, judged_ms)
        return await desk.run(lambda connection: self._work(connection, until_ms))

    async def _work(self, connection: Connection, until_ms: int | None) -> bool:
        """Judge, and look at what came of it: nobody sees one without the other."""
        more = False if until_ms is None else await self._detection.advance(connection, until_ms)
        now_ms, judged_ms = await _now(connection)
        at_ms = now_ms if self._settings.clock is Clock.LIVE else judged_ms
        if at_ms is not None:
            await self._projection.refresh(connection, at_ms, judged_ms)
        return more

    async def rest(self) -> None:
        """Let go of the connections to Kafka."""
        self._reader = None
        opened, self._opened = self._opened, AsyncExitStack()
        await opened.aclose()

    async def _complete(self, desk: Desk, now_ms: int, judged_ms: int | None) -> int | None:
        """Up to when all is known; None: nothing more than before, as far as was asked."""
        live = self._settings.clock is Clock.LIVE
        lateness_ms = self._settings.allowed_lateness
        if live and judged_ms is not None and now_ms < judged_ms + 60_000 + lateness_ms:
            return None  # the next boundary has not come
        if time.monotonic() < self._asked_s + _ASK_EVERY_S:
            return None
        self._asked_s = time.monotonic()
        progress, is_stored, is_storing = await self._ask(desk)
        if progress is None and live:
            return now_ms - lateness_ms - LONGEST_WAIT_MS
        at_s = time.monotonic()
        moving = [
            one for one in progress or () if self._movement.is_moving((one.topic, one.partition), one.next_offset, at_s)
        ]
        return completed_ms(
            progress or [],
            lateness_ms,
            self._settings.clock,
            now_ms,
            is_stored=is_stored,
            moving=moving,
            is_storing=is_storing,
        )

    async def _ask(self, desk: Desk) -> tuple[list[PartitionProgress] | None, bool, bool]:
        """How far the evaluator is, whether all that it published by then is stored, and if not, whether it is being.

        None: Kafka is away.
        """
        try:
            if self._reader is None:
                self._reader = await self._opened.enter_async_context(progress_reader(self._settings))
            progress = [one for topic in (await self._reader.read()).values() for one in topic]
            ends = await self._reader.ends(self._settings.topics.alerts)
        except (KafkaError, OSError, TimeoutError) as problem:
            if not self._is_away:
                log.warning("cannot ask how far the evaluator is: %s: %s", type(problem).__name__, problem)
            self._is_away = True
            await self.rest()
            return None, False, False
        self._is_away = False
        topic = self._settings.topics.alerts
        read_to = dict(await desk.run(lambda connection: _rows(connection, _READ_TO, topic)))
        is_stored = all((read_to.get(part) or 0) >= end for part, end in ends.items() if end)
        is_storing = self._movement.is_moving(topic, sorted(read_to.items()), time.monotonic())
        return progress, is_stored, is_storing


async def _now(connection: Connection) -> tuple[int, int | None]:
    row = await (await connection.execute(_NOW)).fetchone()
    return (0, None) if row is None else (row[0], row[1])


async def _rows(connection: Connection, query: str, value: object) -> list[tuple[int, int | None]]:
    return await (await connection.execute(query.encode(), [value])).fetchall()
