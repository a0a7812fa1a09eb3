"""The worker: a Faust app assembled from transport, agents and partitions."""

import logging
from typing import Any

import faust
from faust.app.base import BootStrategy

from streams.agents import register_agents
from streams.evaluation.objective import Objective
from streams.health.condition import why_not_live
from streams.health.endpoint import health_app, served
from streams.health.watchdog import Watchdog
from streams.intake.transport import Transport
from streams.kafka.aiokafka_0_14_0 import install
from streams.kafka.connection import faust_credentials
from streams.kafka.topics import UnreachableClusterError, prepare_topics
from streams.memory import keep_memory_at_hand
from streams.outlet.heartbeat import Heartbeats
from streams.ownership.endings import Endings
from streams.settings import Settings
from streams.unit.service import evaluator_partitions

log = logging.getLogger(__name__)


_GOODBYE_S = 5.0  # beside the time that a last commit may take


class _Boot(BootStrategy):  # type: ignore[misc]
    """What of Faust is started: its web server would listen on all interfaces, and every record is ours to produce."""

    enable_web = False
    enable_kafka_producer = False


class EvaluatorApp(faust.App):  # type: ignore[misc]
    """The Faust app of the evaluator. `partitions` holds all state; Faust fetches, assigns and runs the agents."""

    BootStrategy = _Boot
    logger = logging.getLogger("faust")  # what Faust says is said by Faust

    def __init__(self, settings: Settings, objectives: tuple[Objective, ...], endings: Endings | None = None) -> None:
        install()
        self.settings = settings
        self._endings = endings or Endings()
        self.partitions = evaluator_partitions(settings, objectives, self._endings)
        super().__init__(
            settings.application_id,
            broker=[f"kafka://{server.strip()}" for server in settings.bootstrap_servers.split(",")],
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
        register_agents(self, self.partitions, settings.topics)
        self.task(self.partitions.ends.watch)
        self.task(self.partitions.reference.run)
        self.task(Heartbeats(settings, self.partitions.condition).go_on)

    def _new_transport(self) -> Transport:
        return Transport(self.conf.broker_consumer, self, self.settings, self.partitions)

    async def on_stop(self) -> None:
        """Stop in good time, also when no broker is left to say goodbye to; what is committed stays committed."""
        self._endings.within(self.settings.session_timeout / 1_000 + _GOODBYE_S)
        await super().on_stop()

    async def on_first_start(self) -> None:
        """Refuse to start on a cluster where the work cannot be done right."""
        keep_memory_at_hand()
        self._create_directories = _no_directories  # all state is in Kafka
        await self._show_health()
        try:
            created = await prepare_topics(self.settings)
        except UnreachableClusterError as problem:
            self._endings.give_up(f"checking the cluster: {problem}")
        except Exception as problem:
            self._endings.on(problem, "checking the cluster")
        if created:
            log.info("created topics: %s", ", ".join(created))
        self.partitions.gaps.reading = self.consumer
        await super().on_first_start()

    def _crash(self, reason: BaseException) -> None:
        """What Faust could not do: it would stop with exit code 1, and commit on the way."""
        self._endings.on(reason, "working")

    async def _show_health(self) -> None:
        settings, partitions = self.settings, self.partitions
        limit_s = settings.watchdog_ms / 1_000
        Watchdog(lambda: why_not_live(partitions.condition(), limit_s), limit_s, self._endings.give_up).start()
        app = health_app(partitions.condition, limit_s, partitions.metrics)
        await self.add_async_context(served(app, settings.health_host, settings.health_port))


def _no_directories(*_: Any) -> None:
    """Nothing is kept on disk."""
