"""The history service: counts what the worker judges, for weeks."""

import asyncio
import logging
from typing import Final

from streams.database.connection import check_schema, conninfo
from streams.database.patient import PatientDatabase
from streams.database.roles import Role
from streams.history.assembly import history_partitions
from streams.history.retention import PERIOD_S, forget, minutes_kept_ms
from streams.history.settings import HistorySettings
from streams.history.settling import settle
from streams.kafka.rights import rights_of_history
from streams.kafka.specs import topics_of_history, topics_stored
from streams.kafka.topic_setup import ensure_topics
from streams.objectives import Objectives
from streams.ownership.endings import Endings
from streams.service import PartitionService

log = logging.getLogger(__name__)

_FROZEN_MS: Final = 10_000  # a process that does nothing amid a transaction for so long gives up what others wait for


class HistoryService(PartitionService):
    """The Faust app of the history. `url` is that of the database."""

    def __init__(
        self, settings: HistorySettings, url: str, objectives: Objectives, endings: Endings | None = None
    ) -> None:
        endings = endings or Endings()
        patience_ms = settings.broker_patience
        self._url = url
        self._database = PatientDatabase(
            conninfo(url, Role.WRITER, "slo-streams history", f"-c idle_in_transaction_session_timeout={_FROZEN_MS}"),
            patience_s=patience_ms / 1_000,
            attempt_s=settings.transaction_timeout / 1_000,
            tell=self._wait,
        )
        # A database that is away holds commits up, which is no reason to start anew before patience has run out.
        watchdog_ms = settings.watchdog_ms + patience_ms
        flush_ms = settings.history_flush * 3 // 2  # the database rests for half as long
        settings = settings.model_copy(update={"commit_interval": flush_ms, "watchdog": watchdog_ms})
        self._kept_ms = minutes_kept_ms(settings.history_minutes, objectives.service_levels), settings.history_days
        partitions, self._fleet, self._folding = history_partitions(settings, self._database, objectives, endings)
        super().__init__(
            settings,
            partitions,
            endings,
            group_id=f"{settings.application_id}-history",
            topics={spec.name: f"history-{spec.name}" for spec in topics_stored(settings)},
            health_port=settings.history_port,
        )
        self.partitions.metrics.watch_database(lambda: self._database.away_s)
        self.task(self._forget_now_and_then)
        self.task(self._keep_budgets)
        self.task(self._fold)

    async def prepare(self) -> None:
        """Create missing topics; refuse a database of another version."""
        await self._database.insist(lambda: asyncio.to_thread(check_schema, self._url))
        needed = topics_of_history(self.settings)
        created = await ensure_topics(self.settings, needed, rights_of_history(self.settings))
        if created:
            log.info("created topics: %s", ", ".join(created))

    async def on_stop(self) -> None:
        """Leave no connection behind."""
        await super().on_stop()
        await self._database.close()

    def _wait(self, why: str | None) -> None:
        self.partitions.waits_for = why

    async def _keep_budgets(self) -> None:
        try:
            await self._fleet.run()
        except Exception as problem:
            self.endings.on(problem, "keeping the budgets of the fleet")

    async def _fold(self) -> None:
        try:
            await self._folding.run()
        except Exception as problem:
            self.endings.on(problem, "folding what was counted")

    async def _forget_now_and_then(self) -> None:
        while True:
            try:
                await self._folding.fold(waits=True)  # what is settled or deleted is all there
                while await self._database.run(lambda connection: settle(connection, self._kept_ms[0])):
                    pass
                await self._database.run(lambda connection: forget(connection, *self._kept_ms))
            except Exception as problem:
                self.endings.on(problem, "deleting what is no longer kept")
            await asyncio.sleep(PERIOD_S)
