"""A unit's state in Kafka: its changelog, and commits of one transaction of the partition's own producer, or nothing.

The transactional id belongs to the source partition. Starting its producer fences every earlier owner, so a worker
that was thought dead can neither add a row nor move the offset.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

import msgspec
from aiokafka import TopicPartition
from aiokafka.structs import OffsetAndMetadata

from streams.evaluation.store import SeriesStore
from streams.kafka.commit_mark import CommitMark
from streams.kafka.lookups import Lookups
from streams.kafka.placement import partition_of
from streams.outlet.outgoing import Outgoing
from streams.ownership.seams import Position
from streams.ownership.source import SourceOffsets
from streams.settings import Settings
from streams.tables.ahead import go_on
from streams.tables.changelog import State, restore
from streams.tables.identity import Identity, check_outputs
from streams.tables.rows import Meta
from streams.turn import Turn
from streams.unit.alert_state import NOTHING, Settlement
from streams.unit.batches import Batches, Place, Row, transactional_producer
from streams.unit.beginning import ask_offsets, beginning
from streams.unit.committed_position import CommittedPosition
from streams.unit.failpoints import Failpoint, Step
from streams.unit.standby import Standby
from streams.unit.work import Work

_COMMIT_MARKER = 1  # offsets that it takes in every partition of a transaction


Settle = Callable[[int, State, Mapping[str, int]], Awaitable[Settlement]]
"""From the source topic's partition count, the stored state, and the partition counts of the outputs by their names."""


async def nothing_to_settle(_partitions: int, _state: State, _outputs: Mapping[str, int]) -> Settlement:
    """Where nobody looks at the alert state."""
    return NOTHING


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a partition's last commit left: meta row and series; `partitions` is how many its topic has.

    `settlement` is what has to be done so that the alert state shows the same.
    """

    meta: Meta
    series: SeriesStore
    partitions: int
    settlement: Settlement = NOTHING


class KafkaStore:
    """Where one source partition's commits go, and its state is read back from: a `seams.Store`."""

    def __init__(
        self,
        settings: Settings,
        topic: str,
        partition: int,
        changelog: str,
        failpoint: Failpoint,
        settle: Settle = nothing_to_settle,
        standby: Standby | None = None,
        lookups: Lookups | None = None,
    ) -> None:
        """`settle` tells what the alert state needs, to show what is stored; `standby` may have read it ahead.

        `lookups` are those that other partitions ask by, too.
        """
        self._settings = settings
        self._settle = settle
        self._standby = standby
        self._lookups = lookups or Lookups(settings)
        self.source = TopicPartition(topic, partition)
        self._changelog = changelog
        self._failpoint = failpoint
        self._found: tuple[SourceOffsets, CommittedPosition, int]
        self._time_limit_s = settings.transaction_timeout / 1_000
        self._producer = transactional_producer(settings, f"{settings.application_id}-{topic}-{partition}")
        # Rows repeat each other, and what is refused was compressed when it came: it must not take more room now. What
        # else others read stays readable for every client.
        self._batches = Batches(self._producer, {changelog, settings.topics.rejected})

    @property
    def progressed_s(self) -> float:
        """When a broker acknowledged a part of a commit for the last time, monotonic clock."""
        return self._batches.progressed_s

    async def open(self) -> None:
        """Fence every earlier owner and finish off what it left."""
        await self._producer.start()

    async def position(self) -> Position:
        """Where the source and the last commit stand; the mark is a `CommittedPosition`."""
        self._found = source, mark, _ = await ask_offsets(
            self._lookups, self._settings.application_id, self.source, self._changelog
        )
        return Position(source, mark)

    async def load(self) -> Loaded:
        """The state of the last commit, read from the changelog in bulk; after `position`.

        Raises:
            RefusalError: rows are missing, or are of a format that this version does not know.
        """
        state, turn = await self._state(), Turn()
        for _ in state.series.scheduling():
            await turn.give_way()
        source, position, _ = self._found
        meta = beginning(source, position, self._changelog, state.meta)
        identity = await self._identity()
        if meta.identity is not None:
            identity.check(meta.identity, self.source.partition)
        outputs = await self._outputs(meta.outputs)
        settlement = await self._settle(identity.partitions, state, outputs)
        meta = msgspec.structs.replace(meta, identity=identity, outputs=outputs)
        return Loaded(meta, state.series, identity.partitions, settlement)

    async def _state(self) -> State:
        """Gone on with where it was read ahead, else read as a whole."""
        _, position, oldest_row = self._found
        settings, reader, end_offset = self._settings, self._lookups.reader, position.changelog_end
        rows = TopicPartition(self._changelog, self.source.partition)
        ahead = None if self._standby is None else self._standby.take(rows, oldest_row)
        state = None if ahead is None else await go_on(settings, rows, ahead, end_offset, reader())
        return state or await restore(
            settings, rows.topic, rows.partition, end_offset, oldest_offset=oldest_row, reader=reader()
        )

    async def _identity(self) -> Identity:
        settings, topic = self._settings, self.source.topic
        return Identity(settings.application_id, topic, await self._lookups.partitions(topic), settings.partitioner)

    async def _outputs(self, stored: Mapping[str, int]) -> dict[str, int]:
        """How many partitions the topics have that alerts and what was rejected go to."""
        topics = self._settings.topics
        outputs = (topics.alert_state, topics.alerts, topics.rejected)
        counts = {topic: await self._lookups.partitions(topic) for topic in outputs}
        check_outputs(topics.alert_state, stored, counts)
        return counts

    async def close(self) -> None:
        """Let go of the connection."""
        await self._producer.stop()

    async def _partitions(self, topic: str) -> int:
        return len(await self._producer.partitions_for(topic))

    async def write(self, work: Work) -> CommittedPosition:
        """Store all of the work, or raise: then nobody can tell, and the process must end.

        Returns the mark that it leaves.

        Raises:
            TimeoutError: not done within the transaction timeout.
            aiokafka.errors.KafkaError: refused, or fenced by a newer owner.
        """
        async with asyncio.timeout(self._time_limit_s):
            await self._producer.begin_transaction()
            here = (self._changelog, self.source.partition)
            last_row = await self._batches.send_rows(here, work.rows.items())
            self._failpoint.passed(Step.AFTER_ROWS)
            await self._batches.send(await self._placed(chain(work.settled, work.alerts, work.misfits)))
            self._failpoint.passed(Step.AFTER_ALERTS)
            mark = CommitMark(self._settings.application_id, self._settings.partitioner, work.watermark_ms)
            offset = OffsetAndMetadata(work.next_offset, mark.metadata)
            await self._producer.send_offsets_to_transaction({self.source: offset}, self._settings.application_id)
            self._failpoint.passed(Step.AFTER_OFFSETS)
            await self._producer.commit_transaction()
            self._failpoint.passed(Step.AFTER_COMMIT)
        return CommittedPosition(work.next_offset, last_row + 1 + _COMMIT_MARKER)

    async def _placed(self, records: Iterable[Outgoing]) -> Iterator[tuple[Place, Row]]:
        """Records and where they go; one without a key to place it by stays beside its source."""
        topics = self._settings.topics
        outputs = (topics.alerts, topics.alert_state, topics.rejected, self.source.topic)
        counts = {topic: await self._partitions(topic) for topic in outputs}

        def place(record: Outgoing) -> Place:
            count = counts[record.topic]
            if record.partition_key is None:
                return record.topic, self.source.partition % count
            return record.topic, partition_of(record.partition_key, count, self._settings.partitioner)

        return ((place(one), (one.key, one.value, one.headers, one.timestamp_ms)) for one in records)
