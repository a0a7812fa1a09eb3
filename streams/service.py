"""A service that owns partitions, as a Faust app: transport, agents, health and the ends of its process.

The worker is one, with units on Kafka; whoever brings another processor and another store has the same.
"""

import asyncio
import logging
import time
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Final

import faust
from aiokafka.errors import KafkaError
from faust.app.base import BootStrategy

from streams.agents import register_agents
from streams.commas import by_commas
from streams.health.condition import why_not_live
from streams.health.endpoint import health_app, served
from streams.health.watchdog import Watchdog
from streams.kafka.aiokafka_0_14_0 import install
from streams.kafka.brokers import BrokersAwayError
from streams.kafka.faust_login import faust_credentials
from streams.kafka.topic_setup import UnreachableClusterError
from streams.kafka.transport import Transport
from streams.memory import keep_memory_at_hand
from streams.ownership.endings import Endings
from streams.ownership.heard_time import hear_time
from streams.ownership.partitions import Partitions
from streams.settings import Settings

log = logging.getLogger(__name__)

_RETRY_S: Final = 1.0
_GOODBYE_S: Final = 5.0  # beside the time that a last commit may take


class _Boot(BootStrategy):
    """What of Faust is started: its web server would listen on all interfaces, and every record is ours to produce."""

    enable_web = False
    enable_kafka_producer = False


class PartitionService(faust.App):
    """The Faust app of a service. `partitions` holds all state; Faust fetches, assigns and runs the agents."""

    BootStrategy = _Boot
    logger = logging.getLogger("faust")  # what Faust says is said by Faust

    def __init__(
        self,
        settings: Settings,
        partitions: Partitions[Any],
        endings: Endings,
        *,
        group_id: str,
        topics: Mapping[str, str],
        health_port: int,
    ) -> None:
        """`topics` are the topics read, each with the name of its agent; `group_id` names the consumer group."""
        install()
        self.settings = settings
        self.partitions = partitions
        self.endings = endings
        self._health_port = health_port
        super().__init__(
            group_id,
            broker=[f"kafka://{server}" for server in by_commas(settings.bootstrap_servers)],
            broker_credentials=faust_credentials(settings),
            broker_session_timeout=settings.session_timeout / 1_000,
            broker_request_timeout=max(40.0, settings.session_timeout / 500),
            broker_commit_interval=3_600.0,  # commits are the partitions' own
            store="memory://",
            stream_buffer_maxsize=4,
            stream_recovery_delay=0.0,
            topic_disable_leader=True,
            web_enabled=False,
        )
        register_agents(self, partitions, topics)
        self.task(partitions.ends.watch)
        self.task(partitions.reference.run)
        self.task(partitions.brokers.watch)
        self.task(self.tell_time)
        if partitions.standby is not None:
            self.task(partitions.standby.run)

    @abstractmethod
    async def prepare(self) -> None:
        """Make ready, or raise what must not be gone on with; the health endpoint answers meanwhile.

        Called again and again until brokers answer.
        """

    async def tell_time(self) -> None:
        """Keep telling `partitions.clock` the time of the brokers: what is read tells it, and in silence this."""
        await hear_time(self.settings, self.partitions.clock)

    def _new_transport(self) -> Transport:
        return Transport(self.conf.broker_consumer, self, self.settings, self.partitions, group_id=self.conf.id)

    async def on_stop(self) -> None:
        """Stop in good time, also when no broker is left to say goodbye to; what is committed stays committed."""
        log.info("asked to stop; storing what is left")
        self.endings.within(self.settings.session_timeout / 1_000 + _GOODBYE_S)
        await super().on_stop()

    async def on_first_start(self) -> None:
        """Refuse to start where the work cannot be done right."""
        keep_memory_at_hand()
        await self._show_health()
        try:
            await self._prepare_with_patience()
        except Exception as problem:
            self.endings.on(problem, "checking the cluster")
        self.partitions.gaps.reading = self.consumer
        await super().on_first_start()

    async def _prepare_with_patience(self) -> None:
        """Alive and not ready until brokers answer; those that were started with it may take a while.

        Raises:
            BrokersAwayError: none did within `SLO_BROKER_PATIENCE`.
        """
        patience_s = self.settings.broker_patience / 1_000
        until_s = time.monotonic() + patience_s
        while True:
            try:
                await self.prepare()
            except (UnreachableClusterError, KafkaError) as problem:
                if isinstance(problem, KafkaError) and not problem.retriable:
                    raise
                if time.monotonic() >= until_s:
                    raise BrokersAwayError(f"{problem}\nafter {patience_s:g} s (SLO_BROKER_PATIENCE)") from None
                if self.partitions.waits_for is None:
                    log.warning("%s\nwaiting up to %g s for one", problem, patience_s)
                self.partitions.waits_for = f"waiting for Kafka: {str(problem).splitlines()[0]}"
                await asyncio.sleep(_RETRY_S)
            else:
                self.partitions.waits_for = None
                return

    def _create_directories(self) -> None:
        """Nothing is kept on disk: all state is elsewhere."""

    def _crash(self, reason: BaseException) -> None:
        """What Faust could not do: it would stop with exit code 1, and commit on the way."""
        self.endings.on(reason, "working")

    async def _show_health(self) -> None:
        settings, partitions = self.settings, self.partitions
        limit_s = settings.watchdog_ms / 1_000
        Watchdog(lambda: why_not_live(partitions.condition(), limit_s), limit_s, self.endings.give_up).start()
        app = health_app(partitions.condition, limit_s, partitions.metrics)
        await self.add_async_context(served(app, settings.health_host, self._health_port))
