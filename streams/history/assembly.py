"""History as a service: its partitions, with counting as their processors and PostgreSQL as their store."""

from collections.abc import Callable
from typing import Any, Final

from faust.types import TP

from streams.database.patient import PatientDatabase
from streams.history.alert_reading import read_alert_record
from streams.history.facts import AlertRows, AppRows, ExclusionRows
from streams.history.processor import COUNTS, HistoryProcessor
from streams.history.reference_reading import reference_reader
from streams.history.rows import Rows
from streams.intake.checking import Rejection
from streams.kafka.chunk import SourceRecord
from streams.kafka.placement import partition_of
from streams.names import Topics
from streams.ownership.endings import Endings
from streams.ownership.partitions import Partitions
from streams.ownership.takeover import TakeOver
from streams.reference.follower import Follower
from streams.reference.reference import Reference
from streams.settings import Settings
from streams.sink.filing import FilingProcessor
from streams.sink.processor import SinkProcessor
from streams.sink.store import Loaded, PostgresStore

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


def history_partitions(settings: Settings, database: PatientDatabase, endings: Endings) -> Partitions[SinkProcessor]:
    """The partitions of a history, none of them taken over yet."""
    topics, reference, rows = settings.topics, Reference(settings.topics), Rows()
    filed = filed_topics(topics)

    def new_store(tp: TP) -> PostgresStore:
        rows_of = filed[tp.topic][1](tp.partition) if tp.topic in filed else rows
        return PostgresStore(settings, tp, database, rows_of, reader=READER)

    def new_processor(tp: TP, loaded: Loaded) -> SinkProcessor:
        here: int = tp.partition
        if tp.topic in filed:
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
        )

    return Partitions(
        settings,
        TakeOver(new_store, new_processor, endings),
        Follower(settings, reference),
        topics=(*topics.shown, *filed),
        counts=COUNTS,
        endings=endings,
    )
