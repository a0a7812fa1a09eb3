"""Input records as a broker would store them, and who reads them, for tests of the product's own parts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from streams.evaluation.evaluator import Evaluator
from streams.evaluation.objective import Objective
from streams.intake.admission import Admission
from streams.kafka.chunk import Chunk
from streams.names import Metric
from streams.tables.rows import Meta
from tests.model import Record
from tests.model.copies import APPLICATION as APPLICATION

NEW = Meta(0, None, 0)
"""Where a partition begins that was never committed."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A record at its offset. `timestamp` is epoch ms, negative or None where the record has none."""

    offset: int = 0
    timestamp: int | None = None
    key: bytes | None = None
    value: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    timestamp_type: int | None = 0


def stored(records: Sequence[Record], first_offset: int = 0) -> list[Stored]:
    """The model's records at offsets that follow each other."""
    return [
        Stored(offset, record.timestamp_ms, record.key, record.value, record.headers)
        for offset, record in enumerate(records, first_offset)
    ]


def chunk(*records: Record, start: int = 0) -> Chunk:
    """A chunk that brings these records from an offset on."""
    return Chunk.of(start, start + len(records), list(stored(records, start)))


def admission(
    metric: Metric,
    *objectives: Objective,
    lateness_ms: int = 10_000,
    is_at_home: Callable[[bytes], bool] = lambda _key: True,
) -> Admission:
    """Admission to a partition that is still empty."""
    return Admission(metric, Evaluator(objectives, lateness_ms), APPLICATION, is_at_home)
