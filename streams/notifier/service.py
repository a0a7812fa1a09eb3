"""The notifier service: takes alerts in, and delivers whatever anybody is to be told."""

import asyncio
import logging
from collections.abc import Sequence

from streams.database.connection import check_schema, conninfo
from streams.database.patient import PatientDatabase
from streams.database.roles import Role
from streams.desk.desk import Desk, Step
from streams.kafka.rights import READ
from streams.kafka.specs import topics_told
from streams.kafka.topic_setup import ensure_topics
from streams.notifier.assembly import alert_partitions
from streams.notifier.channel import Channel
from streams.notifier.channels.alertmanager import AlertmanagerChannel
from streams.notifier.chores import Chores
from streams.notifier.contacts import Contacts
from streams.notifier.courier import Courier
from streams.notifier.outlook import watch_deliveries
from streams.notifier.resend import Resend
from streams.notifier.retention import Retention
from streams.notifier.settings import NotifierSettings
from streams.notifier.tally import Tally
from streams.notifier.targets import Targets
from streams.ownership.endings import Endings
from streams.service import PartitionService

log = logging.getLogger(__name__)

_CONNECTIONS = 8
# What is claimed and recorded was written moments before: it is found by index, in memory. By the usual cost the server
# would rather read the whole table each time, as long as it is small.
_PLANS = "-c random_page_cost=1.1"


class NotifierService(PartitionService):
    """The Faust app of the notifier. `url` is that of the database, `steps` what the desk does beside its chores.

    `contacts` is filled with whom the catalogue names, for those steps that tell of apps.
    """

    def __init__(
        self,
        settings: NotifierSettings,
        url: str,
        channels: Sequence[Channel],
        targets: Targets,
        steps: Sequence[Step] = (),
        endings: Endings | None = None,
        contacts: Contacts | None = None,
    ) -> None:
        endings = endings or Endings()
        patience_s = settings.broker_patience / 1_000
        attempt_s = settings.transaction_timeout / 1_000
        self._url = url
        self._database = PatientDatabase(
            conninfo(url, Role.WRITER, "slo-streams notifier", _PLANS),
            patience_s=patience_s,
            attempt_s=attempt_s,
            tell=self._wait,
            connections=_CONNECTIONS,
        )
        self._tally = Tally()
        self._couriers = [Courier(channel, targets, self._database, self._tally) for channel in channels]
        repeats = [Resend(channel, targets) for channel in channels if isinstance(channel, AlertmanagerChannel)]
        all_steps: list[Step] = [
            Chores(targets, self._wake),
            *repeats,
            Retention(settings.notify_keep, settings.notify_record),
            *steps,
        ]
        self._desk = Desk(url, all_steps, patience_s=patience_s, attempt_s=attempt_s)
        # A database that is away holds commits up, which is no reason to start anew before patience has run out.
        watchdog_ms = settings.watchdog_ms + settings.broker_patience
        settings = settings.model_copy(update={"watchdog": watchdog_ms})
        super().__init__(
            settings,
            alert_partitions(settings, self._database, endings, targets, channels, self._wake, contacts or Contacts()),
            endings,
            group_id=f"{settings.application_id}-notifier",
            topics={settings.topics.alerts: "notifier-alerts"},
            health_port=settings.notifier_port,
        )
        self.partitions.metrics.register(self._tally)
        self.partitions.metrics.watch_database(lambda: self._database.away_s)
        for courier in self._couriers:
            self._tally.open(courier.channel.name)
            self.task(courier.run)
        self.task(self._desk.work)
        self.task(self._watch)

    async def prepare(self) -> None:
        """Create missing topics; refuse a database of another version."""
        await self._database.insist(lambda: asyncio.to_thread(check_schema, self._url))
        needed = topics_told(self.settings)
        created = await ensure_topics(self.settings, needed, {spec.name: READ for spec in needed})
        if created:
            log.info("created topics: %s", ", ".join(created))

    async def on_stop(self) -> None:
        """Leave no connection behind."""
        await super().on_stop()
        await self._desk.close()
        await self._database.close()

    def _wake(self) -> None:
        for courier in self._couriers:
            courier.wake.set()

    def _wait(self, why: str | None) -> None:
        self.partitions.waits_for = why

    async def _watch(self) -> None:
        await watch_deliveries(self._database, self._tally)
