"""The job in order: demo apps, catalogue, sample feed, worker, prober, alerts. The last one started ends first."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.broker import EmbeddedKafka
from streams.client.producer import acknowledged_producer
from streams.kafka.alerts import alert_records, open_breaches, read_alert
from streams.kafka.progress import PartitionProgress, ProgressReader, progress_reader
from streams.kafka.topic_setup import prepare_topics
from streams.prober.clock import SystemClock
from streams.prober.probing import catalogue_prober
from streams.prober.targets import HealthTarget
from streams.registry.apps import changes, read_apps
from streams.registry.write import write
from streams.run.backlog import AlertsInOrder, Backlog
from streams.run.catalogue import demo_catalogue
from streams.run.demo_apps import demo_apps
from streams.run.feed import publish_sample
from streams.run.local import local_environment, local_settings
from streams.run.sample import sample_feed
from streams.run.tally import Tally
from streams.run.view import View
from streams.run.watch import watch_kafka, watch_worker
from streams.run.worker_process import worker_process
from streams.settings import Settings

_STATUS_INTERVAL_S: Final = 1.0


class Job:
    """Everything that runs on a started Kafka. `settings` are the operator's; their connection is replaced."""

    def __init__(self, kafka: EmbeddedKafka, settings: Settings, view: View) -> None:
        self._kafka = kafka
        self._settings = local_settings(settings, kafka.bootstrap_servers)
        self._view = view
        self._log_path = kafka.data_dir / "worker.log"

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

    async def _work(self, for_s: float | None) -> None:
        settings, view = self._settings, self._view
        await prepare_topics(settings)
        view.say(f"Kafka is ready at {settings.bootstrap_servers}.")
        async with progress_reader(settings) as reader, acknowledged_producer(settings) as producer:
            start = _flat(await reader.read_when_ready())
            tally = Tally(start, await open_breaches(settings), time.monotonic())
            async with demo_apps() as targets:
                await self._import_catalogue(targets)
                await self._publish_sample(producer, start)
                backlog = Backlog(_flat(await reader.read()))
                async with (
                    catalogue_prober(settings, producer) as prober,
                    alert_records(settings, from_start=False) as records,
                    worker_process(local_environment(settings.bootstrap_servers), self._log_path) as worker,
                ):
                    view.say(f"The worker has started; its log: {self._log_path}")
                    urls = " and ".join(target.url for target in targets)
                    interval_s = settings.prober_interval / 1_000
                    view.say(f"Checking two demo apps every {interval_s:g} s, {urls}: the second fails now and then.")
                    view.invite(settings.bootstrap_servers)
                    alerts = AlertsInOrder(view.alert)
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(for_s), asyncio.TaskGroup() as group:
                            group.create_task(watch_worker(worker, self._log_path, view))
                            group.create_task(prober.run())
                            group.create_task(_follow_alerts(records, tally, alerts))
                            group.create_task(self._show_status(reader, tally, backlog, alerts))
                    view.say("Stopping the prober, the worker and the demo apps.")

    async def _import_catalogue(self, targets: Sequence[HealthTarget]) -> None:
        """Before the events, so that their alerts carry names; apps an operator added stay."""
        found = changes(await read_apps(self._settings), demo_catalogue(targets))
        await write(self._settings, self._settings.topics.apps, {**found.added, **found.changed})
        self._view.say(f"The catalogue knows {len(found.added) + len(found.changed) + len(found.unchanged)} apps.")

    async def _publish_sample(self, producer: AIOKafkaProducer, start: Sequence[PartitionProgress]) -> None:
        """All of it before anything live: an event that overtakes it would make the rest of its partition late."""
        if any(one.end_offset for one in start):
            self._view.say("The data folder holds events already; the job goes on with them.")
            return
        self._view.say("Publishing the sample feed: the last two hours of three dozen apps.")
        count = await publish_sample(producer, self._settings, sample_feed(SystemClock().epoch_ms()))
        self._view.say(f"Published {count:,} events.")

    async def _show_status(self, reader: ProgressReader, tally: Tally, backlog: Backlog, alerts: AlertsInOrder) -> None:
        while True:
            # Only for the eye: whoever cannot do without Kafka says so.
            with contextlib.suppress(KafkaError):
                progress = _flat(await reader.read())
                self._view.status(tally.status(progress, time.monotonic()))
                if backlog.is_read(progress):
                    alerts.release()
            await asyncio.sleep(_STATUS_INTERVAL_S)


async def _follow_alerts(records: AsyncIterator[Any], tally: Tally, alerts: AlertsInOrder) -> None:
    async for record in records:
        alert = read_alert(record.value)
        if alert is not None:
            tally.alert(alert)
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
