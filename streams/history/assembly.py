"""History as a service: its partitions, with counting as their processors and PostgreSQL as their store."""

from collections.abc import Callable
from typing import Any, Final

from faust.types import TP

from streams.database.patient import PatientDatabase
from streams.evaluation.objective import Judge
from streams.history.alert_reading import read_alert_record
from streams.history.facts import AlertRows, AppRows, ExclusionRows
from streams.history.fleet_budgets import FleetBudgets
from streams.history.folding import Folding
from streams.history.judging import Judging, Rules
from streams.history.judging_store import JudgingStore, LoadedHistory
from streams.history.processor import COUNTS, HistoryProcessor
from streams.history.published import PublishedAlerts, rows_to_fold
from streams.history.publisher import Publisher
from streams.history.reference_reading import reference_reader
from streams.history.rows import Rows
from streams.history.stored_states import StoredStates
from streams.intake.checking import Rejection
from streams.kafka.chunk import SourceRecord
from streams.kafka.placement import partition_of
from streams.names import Metric, Topics
from streams.objectives import Objectives
from streams.ownership.endings import Endings
from streams.ownership.partitions import Partitions
from streams.ownership.takeover import TakeOver
from streams.reference.follower import Follower
from streams.reference.reference import Reference
from streams.settings import Settings
from streams.sink.filing import FilingProcessor
from streams.sink.processor import SinkProcessor
from streams.sink.store import Loaded, PostgresStore
from streams.unit.failpoints import Failpoint

READER: Final = "history"
"""Whose offsets they are."""

Reader = Callable[[SourceRecord], Any | Rejection]


def filed_topics(topics: Topics) -> dict[str, tuple[Reader, type[AlertRows | AppRows | ExclusionRows]]]:
    """Topics whose records are kept as they are told: how they are read, and the rows they become."""
    return {
        topics.alerts: (read_alert_record, AlertRows),
        topics.apps: (reference_reader(topics, topics.apps), AppRows),
        topics.exclusions: (reference_reader(topics, topics.exclusions), ExclusionRows),
    }


def rules_of(metric: Metric, objectives: Objectives) -> Rules:
    """What history judges of a metric."""
    judged = [*objectives.of(Judge.HISTORY), *objectives.budget_levels]
    elsewhere = frozenset(one.name for one in objectives.of(Judge.WORKER))
    return Rules([one for one in judged if one.metric == metric.id], elsewhere)


def history_partitions(
    settings: Settings, database: PatientDatabase, objectives: Objectives, endings: Endings
) -> tuple[Partitions[SinkProcessor], FleetBudgets, Folding]:
    """The partitions of a history, none of them taken over yet, the keeper of their budgets, and who folds rows."""
    topics, reference, rows = settings.topics, Reference(settings.topics), Rows(settings.partitioner)
    filed = filed_topics(topics)
    failpoint, published = Failpoint(settings.fail), PublishedAlerts(topics.shown)
    lateness_ms = settings.allowed_lateness
    fleet = FleetBudgets(database, objectives.service_levels, reference.exclusions, lateness_ms, reader=READER)

    def new_store(tp: TP) -> PostgresStore:
        if tp.topic in filed:
            return PostgresStore(settings, tp, database, filed[tp.topic][1](tp.partition), reader=READER)
        metric = topics.shown[tp.topic]
        judging = Judging(
            StoredStates(tp, metric.id),
            rules_of(metric, objectives),
            settings.allowed_lateness,
            settings.partitioner,
            reference.exclusions,
            reference.catalogue.listings,
            reference.catalogue.details,
        )
        publisher = Publisher(settings, tp, failpoint, published)
        return JudgingStore(settings, tp, database, rows, judging, publisher, failpoint, fleet, reader=READER)

    def new_processor(tp: TP, loaded: Loaded) -> SinkProcessor:
        here: int = tp.partition
        if not isinstance(loaded, LoadedHistory):
            return FilingProcessor(tp.topic, here, filed[tp.topic][0], loaded.progress)

        def is_at_home(key: bytes) -> bool:
            return partition_of(key, loaded.partitions, settings.partitioner) == here

        return HistoryProcessor(
            topics.shown[tp.topic],
            tp.topic,
            here,
            is_at_home,
            reference.catalogue.listings,
            settings.application_id,
            settings.allowed_lateness,
            loaded.progress,
            loaded.boundaries,
            lambda: partitions.count,
        )

    partitions = Partitions(
        settings,
        TakeOver(new_store, new_processor, endings),
        Follower(settings, reference),
        topics=(*topics.shown, *filed),
        counts=COUNTS,
        endings=endings,
        shortest_s=settings.commit_interval / 1_000,  # nothing in it is urgent, and events of an app share rows
    )
    partitions.metrics.register(published)
    partitions.metrics.register(rows_to_fold(lambda: rows.appended))
    return partitions, fleet, Folding(database, rows)
