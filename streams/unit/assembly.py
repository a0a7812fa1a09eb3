"""The evaluator as a service: its partitions, with units as their processors and Kafka as their store."""

from collections.abc import Awaitable, Coroutine, Mapping, Sequence
from typing import Any

from faust.types import TP

from streams.evaluation.objective import Objective
from streams.health.metrics import Metrics
from streams.kafka.lookups import Lookups
from streams.kafka.placement import partition_of
from streams.names import changelog
from streams.ownership.endings import Endings
from streams.ownership.partitions import Partitions
from streams.ownership.takeover import TakeOver
from streams.reference.follower import Follower
from streams.reference.reference import Reference
from streams.settings import Settings
from streams.tables.changelog import State
from streams.unit.alert_state import Settlement
from streams.unit.audit import audit, is_accountable
from streams.unit.failpoints import Failpoint
from streams.unit.settling import Settling
from streams.unit.standby import Standby
from streams.unit.store import KafkaStore, Loaded
from streams.unit.unit import COUNTS, Unit


def evaluator_partitions(settings: Settings, objectives: Sequence[Objective], endings: Endings) -> Partitions[Unit]:
    """The partitions of an evaluator, none of them taken over yet."""
    inputs = settings.topics.inputs
    reference = Reference(settings.topics)
    failpoint = Failpoint(settings.fail)
    changelogs = {topic: changelog(settings.application_id, metric) for topic, metric in inputs.items()}
    standby = Standby(settings, changelogs) if settings.standby else None
    lookups = Lookups(settings)

    def new_store(tp: TP) -> KafkaStore:
        metric = inputs[tp.topic]

        def settle(partitions: int, state: State, outputs: Mapping[str, int]) -> Awaitable[Settlement]:
            details = reference.catalogue.details
            settling = Settling(settings, lookups, metric, tp.partition, partitions, objectives, details)
            return settling.settle(state, outputs)

        rows = changelogs[tp.topic]
        return KafkaStore(settings, tp.topic, tp.partition, rows, failpoint, settle, standby, lookups)

    def new_unit(tp: TP, loaded: Loaded) -> Unit:
        here: int = tp.partition

        def is_at_home(key: bytes) -> bool:
            return partition_of(key, loaded.partitions, settings.partitioner) == here

        return Unit(
            inputs[tp.topic],
            settings.topics,
            settings.application_id,
            here,
            is_at_home,
            objectives,
            settings.allowed_lateness,
            reference,
            loaded.meta,
            loaded.series,
            settings.max_series_per_app,
            loaded.settlement,
        )

    def audit_of(unit: Unit, metrics: Metrics) -> Coroutine[Any, Any, None] | None:
        return audit(settings, unit, metrics) if is_accountable(unit, settings.topics) else None

    partitions = Partitions(
        settings,
        TakeOver(new_store, new_unit, endings, lookups),
        Follower(settings, reference),
        topics=inputs,
        counts=COUNTS,
        endings=endings,
        audit=audit_of,
        standby=standby,
    )
    if standby is not None:
        partitions.metrics.watch_standby(lambda: standby.rows)
    return partitions
