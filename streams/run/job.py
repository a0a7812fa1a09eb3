"""The job in order: demo apps, catalogue, sample feed, services, prober, alerts. The last one started ends first."""

import asyncio
import contextlib
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, Final

from aiokafka.errors import KafkaError

from schemas.event_time import epoch_ms
from streams.broker import EmbeddedKafka
from streams.client.producer import acknowledged_producer
from streams.kafka.alerts import alert_records, open_breaches, read_alert
from streams.kafka.progress import PartitionProgress, ProgressReader, progress_reader
from streams.kafka.topic_setup import prepare_topics
from streams.plural import number_of
from streams.prober.clock import SystemClock
from streams.prober.probing import catalogue_prober
from streams.prober.targets import HealthTarget
from streams.registry.apps import changes, read_apps
from streams.registry.write import write
from streams.run.backlog import AlertsInOrder, Backlog
from streams.run.catalogue import demo_catalogue
from streams.run.dashboard import dashboard_environment, dashboard_link, dashboard_port, has_dashboard, until_it_listens
from streams.run.demo_apps import demo_apps
from streams.run.feed import publish_sample
from streams.run.local import local_environment, local_settings, mail_environment
from streams.run.mailbox import mailbox
from streams.run.past import past_feed
from streams.run.sample import DURATION_MS, sample_feed
from streams.run.service_process import service_process
from streams.run.tally import Tally
from streams.run.view import View
from streams.run.watch import watch_kafka, watch_service
from streams.settings import Settings

_STATUS_INTERVAL_S: Final = 1.0
_BATCH_BYTES: Final = 256 * 1024
_CONNECTIONS: Final = ("SLO_BOOTSTRAP_SERVERS", "SLO_DATABASE_URL")


class Job:
    """Everything that runs on a started Kafka. `settings` are the operator's; their connection is replaced.

    `database_url` is where history is kept, a database with the schema of this version; None: it is not kept. `mails`
    is the folder that all mails go to; None: nobody is told.
    """

    def __init__(
        self, kafka: EmbeddedKafka, settings: Settings, view: View, database_url: str | None, mails: Path | None
    ) -> None:
        self._kafka = kafka
        self._environment = local_environment(kafka.bootstrap_servers, database_url)
        self._settings = local_settings(settings, kafka.bootstrap_servers)
        self._view = view
        self._mails = None if database_url is None else mails
        self._services = {
            "worker": "The worker",
            **({} if database_url is None else {"history": "History"}),
            **({} if self._mails is None else {"notifier": "The notifier"}),
        }
        self._database_url = database_url
        if database_url is not None and has_dashboard():
            self._services["dashboard"] = "The dashboard"

    async def run(self, for_s: float | None) -> None:
        """Run for `for_s` seconds once all is up (None: until cancelled), then stop everything, Kafka last.

        Raises:
            JobFailedError: Kafka or the worker ended by itself.
            UnusableClusterError: the data folder holds topics of another shape.
            KafkaError: Kafka did not take an event.
        """
        try:
            with _first_failure():
                async with asyncio.TaskGroup() as group:
                    watcher = group.create_task(watch_kafka(self._kafka, self._view))
                    await self._work(for_s)
                    watcher.cancel()
        finally:
            self._view.say("Stopping Kafka.")
            self._kafka.stop()
            if self._mails is not None:
                count = number_of(sum(1 for _ in self._mails.glob("*.eml")), "mail")
                self._view.say(f"{count} in {self._mails}: open one with any mail reader.")

    async def _work(self, for_s: float | None) -> None:
        settings, view = self._settings, self._view
        await prepare_topics(settings)
        view.say(f"Kafka is ready at {settings.bootstrap_servers}.")
        async with progress_reader(settings) as reader, acknowledged_producer(settings) as producer:
            start = _flat(await reader.read_when_ready())
            tally = Tally(start, await open_breaches(settings), time.monotonic())
            async with demo_apps() as targets:
                await self._import_catalogue(targets)
                shown_ms = await self._publish_sample(start)
                backlog = Backlog(_flat(await reader.read()))
                async with (
                    catalogue_prober(settings, producer) as prober,
                    alert_records(settings, from_start=False) as records,
                    self._run_services() as services,
                ):
                    urls = " and ".join(target.url for target in targets)
                    interval_s = settings.prober_interval / 1_000
                    view.say(f"Checking two demo apps every {interval_s:g} s, {urls}: the second fails now and then.")
                    view.invite({name: self._environment[name] for name in _CONNECTIONS if name in self._environment})
                    alerts = AlertsInOrder(view.alert)
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(for_s), asyncio.TaskGroup() as group:
                            for name, service in services.items():
                                watching = watch_service(self._services[name], service, self._log_path(name), view)
                                group.create_task(watching)
                            group.create_task(prober.run())
                            group.create_task(_follow_alerts(records, tally, alerts, shown_ms))
                            group.create_task(self._show_status(reader, tally, backlog, alerts))
                    view.say("Stopping the prober, the services and the demo apps.")

    async def _import_catalogue(self, targets: Sequence[HealthTarget]) -> None:
        """Before the events, so that their alerts carry names; apps an operator added stay."""
        found = changes(await read_apps(self._settings), demo_catalogue(targets))
        await write(self._settings, self._settings.topics.apps, {**found.added, **found.changed})
        self._view.say(f"The catalogue knows {len(found.added) + len(found.changed) + len(found.unchanged)} apps.")

    def _log_path(self, name: str) -> Path:
        return self._kafka.data_dir / f"{name}.log"

    @asynccontextmanager
    async def _run_services(self) -> AsyncIterator[dict[str, Process]]:
        async with AsyncExitStack() as stack:
            found: dict[str, Process] = {}
            if "dashboard" in self._services:  # not sooner: somebody might take the port meanwhile
                self._environment |= dashboard_environment(stack.enter_context(dashboard_port()), self._mails)
            environment = self._environment
            if self._mails is not None:
                environment = environment | mail_environment(await stack.enter_async_context(mailbox(self._mails)))
            for name, called in self._services.items():
                process = service_process(name, environment, self._log_path(name))
                found[name] = await stack.enter_async_context(process)
                self._view.say(f"{called} has started; its log: {self._log_path(name)}")
            if self._mails is not None:
                self._view.say(f"Mails go to nobody, but to files in {self._mails}")
            if self._database_url is not None and "dashboard" in found:
                await until_it_listens(found["dashboard"], self._environment)
                link = await asyncio.to_thread(dashboard_link, self._database_url, self._environment)
                self._view.say(f"Open this first: {link}")
            yield found

    async def _publish_sample(self, start: Sequence[PartitionProgress]) -> int:
        """All of it before anything live: an event that overtakes it would make the rest of its partition late.

        Returns from when on alerts are worth to be shown one by one, epoch ms: not all those of a month.
        """
        if any(one.end_offset for one in start):
            self._view.say("The data folder holds events already; the job goes on with them.")
            return 0
        self._view.say("Publishing the sample feed: the last two hours of three dozen apps, and a month before.")
        end_ms = SystemClock().epoch_ms()
        feed, packed = chain(past_feed(end_ms), sample_feed(end_ms)), {"compression_type": "zstd"}
        async with acknowledged_producer(self._settings, max_batch_size=_BATCH_BYTES, **packed) as producer:
            count = await publish_sample(producer, self._settings, feed)
        self._view.say(f"Published {count:,} events.")
        return end_ms - DURATION_MS

    async def _show_status(self, reader: ProgressReader, tally: Tally, backlog: Backlog, alerts: AlertsInOrder) -> None:
        while True:
            # Only for the eye: whoever cannot do without Kafka says so.
            with contextlib.suppress(KafkaError):
                progress = _flat(await reader.read())
                self._view.status(tally.status(progress, time.monotonic()))
                if backlog.is_read(progress):
                    alerts.release()
            await asyncio.sleep(_STATUS_INTERVAL_S)


async def _follow_alerts(records: AsyncIterator[Any], tally: Tally, alerts: AlertsInOrder, shown_ms: int) -> None:
    async for record in records:
        alert = read_alert(record.value)
        if alert is not None:
            tally.alert(alert)
            if epoch_ms(alert.time) >= shown_ms:
                alerts.take(alert)


def _flat(progress: dict[str, list[PartitionProgress]]) -> list[PartitionProgress]:
    return [one for partitions in progress.values() for one in partitions]


@contextmanager
def _first_failure() -> Iterator[None]:
    """Of all that failed, raise what failed first; the rest are consequences."""
    try:
        yield
    except BaseExceptionGroup as group:
        problem: BaseException = group
        while isinstance(problem, BaseExceptionGroup):
            problem = problem.exceptions[0]
        raise problem from None
