"""The window tables as a partition last committed them, for a look from outside: nobody's work is disturbed."""

from dataclasses import dataclass
from typing import Final

from streams.evaluation.progress import Progress
from streams.kafka.cluster import find_topic
from streams.kafka.placement import partition_of
from streams.names import Metric, changelog
from streams.settings import Settings
from streams.tables.changelog import State, StateLostError, restore
from streams.tables.tables import TumblingTable

_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class StoredTable:
    """A metric's table in one partition, and how far that was judged."""

    metric: Metric
    partition: int
    progress: Progress
    table: TumblingTable


async def stored_table(settings: Settings, metric: Metric, app_key: str) -> StoredTable | None:
    """The table of the partition an app belongs to; None before that has judged anything.

    Raises:
        MissingTopicError: no worker has created the changelog yet.
        StateLostError, UnreadableRowError: as `restore`.
        KafkaError: no broker answers.
    """
    topic = changelog(settings.application_id, metric)
    partitions = (await find_topic(settings, topic)).partitions
    partition = partition_of(app_key.encode(), partitions, settings.partitioner)
    state = await _settled(settings, topic, partition)
    progress = state.meta.progress if state.meta is not None else None
    if progress is None or not progress.has_begun or not progress.objectives:
        return None
    return StoredTable(metric, partition, progress, TumblingTable(metric, state.series, progress.pane_ms))


async def _settled(settings: Settings, topic: str, partition: int) -> State:
    """The state between two commits of a worker that goes on meanwhile."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return await restore(settings, topic, partition)
        except StateLostError:  # read while a commit came in
            continue
    return await restore(settings, topic, partition)
