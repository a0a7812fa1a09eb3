"""History as a service: its partitions, with counting as their processors and PostgreSQL as their store."""

from faust.types import TP

from streams.database.patient import PatientDatabase
from streams.history.processor import COUNTS, HistoryProcessor
from streams.history.rows import Rows
from streams.history.store import Loaded, PostgresStore
from streams.kafka.placement import partition_of
from streams.ownership.endings import Endings
from streams.ownership.partitions import Partitions
from streams.ownership.takeover import TakeOver
from streams.reference.follower import Follower
from streams.reference.reference import Reference
from streams.settings import Settings


def history_partitions(settings: Settings, database: PatientDatabase, endings: Endings) -> Partitions[HistoryProcessor]:
    """The partitions of a history, none of them taken over yet."""
    inputs = settings.topics.inputs
    reference = Reference(settings.topics)
    rows = Rows()

    def new_store(tp: TP) -> PostgresStore:
        return PostgresStore(settings, tp, database, rows)

    def new_processor(tp: TP, loaded: Loaded) -> HistoryProcessor:
        here: int = tp.partition

        def is_at_home(key: bytes) -> bool:
            return partition_of(key, loaded.partitions, settings.partitioner) == here

        return HistoryProcessor(
            inputs[tp.topic],
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
        topics=inputs,
        counts=COUNTS,
        endings=endings,
    )
