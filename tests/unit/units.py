"""Units of one partition for the contract of stores: webhook deliveries of a few apps, over some minutes."""

from typing import Any

from streams.kafka.chunk import Chunk
from streams.names import WEBHOOK, Topics
from streams.ownership.seams import Processor
from streams.reference.reference import Reference
from streams.tables.rows import encode_key, encode_series
from streams.unit.store import Loaded
from streams.unit.unit import Unit
from tests.build import APPLICATION, NEW, chunk
from tests.model.build import DEFAULTS, delivery
from tests.ownership.store_contract import Harness

RECORDS = [
    delivery("12:00"),
    delivery("12:00", 500),
    delivery("12:01"),
    delivery("12:02", 500),
    delivery("12:04"),
    delivery("12:30"),
]


class UnitHarness(Harness):
    """What all stores of units have in common."""

    records = len(RECORDS)

    def __init__(self, topics: Topics, application_id: str = APPLICATION) -> None:
        self.topics = topics
        self._application_id = application_id

    def new_processor(self, loaded: Loaded | None) -> Unit:
        """A unit of the first partition."""
        meta, series = (loaded.meta, loaded.series) if loaded else (NEW, None)
        objectives = [DEFAULTS["webhook-delivery-15m"]]
        reference = Reference(self.topics)
        return Unit(
            WEBHOOK, self.topics, self._application_id, 0, lambda _: True, objectives, 10_000, reference, meta, series
        )

    def chunk(self, start: int, end: int) -> Chunk:
        """Deliveries, at offsets that follow each other."""
        return chunk(*RECORDS[start:end], start=start)

    def picture(self, processor: Processor) -> Any:
        """Next offset, progress, and every series as it is stored."""
        assert isinstance(processor, Unit)
        series = processor.evaluator.series.values()
        return (
            processor.next_offset,
            processor.evaluator.progress,
            {encode_key(one.key): encode_series(one) for one in series},
        )
