"""A store without a broker: what survives is a `Broker`, and opening it anew fences whoever had it before."""

from aiokafka import TopicPartition

from streams.evaluation.store import SeriesStore
from streams.ownership.seams import FencedError, Position
from streams.ownership.source import SourceOffsets
from streams.unit.store import Loaded
from streams.unit.work import Work
from tests.build import NEW
from tests.laws.broker import Broker


class MemoryStore:
    """One owner's way to a partition with `end_offset` records."""

    def __init__(self, broker: Broker, topic: str, end_offset: int) -> None:
        self._broker = broker
        self._source = SourceOffsets(TopicPartition(topic, 0), 0, end_offset)
        self._epoch = 0
        self.progressed_s = 0.0

    async def open(self) -> None:
        """Fence every earlier owner."""
        self._broker.epoch += 1
        self._epoch = self._broker.epoch

    async def position(self) -> Position:
        """The mark is how many commits there were."""
        return Position(self._source, self._broker.commits)

    async def load(self) -> Loaded:
        """What the last commit left."""
        return Loaded(self._broker.meta or NEW, SeriesStore(self._broker.series.values()), 1)

    async def write(self, work: Work) -> int:
        """Keep all of it, or nothing."""
        if self._epoch != self._broker.epoch:
            raise FencedError("somebody has opened the partition since")
        self._broker.store(work)
        return self._broker.commits

    async def close(self) -> None:
        """Nothing is held."""
