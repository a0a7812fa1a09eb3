"""The worker: the service that judges, with units as processors of the input partitions."""

import logging

from streams.evaluation.objective import Judge, Objective
from streams.kafka.topic_setup import prepare_topics
from streams.outlet.heartbeat import Heartbeats
from streams.ownership.endings import Endings
from streams.service import PartitionService
from streams.settings import Settings
from streams.unit.applications import check_applications
from streams.unit.assembly import evaluator_partitions

log = logging.getLogger(__name__)


class EvaluatorApp(PartitionService):
    """The Faust app of the evaluator."""

    def __init__(self, settings: Settings, objectives: tuple[Objective, ...], endings: Endings | None = None) -> None:
        endings = endings or Endings()
        self.objectives = objectives
        super().__init__(
            settings,
            evaluator_partitions(settings, objectives, endings),
            endings,
            group_id=settings.application_id,
            topics={topic: metric.record for topic, metric in settings.topics.inputs.items()},
            health_port=settings.health_port,
        )

    async def tell_time(self) -> None:
        """Heartbeats, which tell it in silence, too."""
        its = self.partitions
        await Heartbeats(self.settings, its.condition, its.has_begun, its.clock).go_on()

    async def prepare(self) -> None:
        """Create missing topics; refuse a cluster where the work cannot be done right."""
        left = [objective.name for objective in self.objectives if objective.judge is Judge.HISTORY]
        if left:
            log.info("left to history (slo-streams history): %s", ", ".join(left))
        created = await prepare_topics(self.settings)
        if created:
            log.info("created topics: %s", ", ".join(created))
        await check_applications(self.settings)
