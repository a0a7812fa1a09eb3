"""Case: where the microseconds of an event go, beside the least that each stage could take.

In this process, without a broker: the records of one partition, packed as a fetch brings them, go through the first
stage, then through the first two, and so on; a stage costs what it adds. What is left of a worker's cost is fetching,
the event loop, Faust and commits.
"""

from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import msgspec
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from schemas.topics import EVENTS
from schemas.wire import EventDecoder
from streams.evaluation.evaluator import Evaluator
from streams.intake.admission import Admission
from streams.kafka.chunk import Chunk, SourceRecord
from streams.kafka.chunked_records import is_intact
from streams.kafka.packed_batch import parts_of
from streams.names import WEBHOOK
from streams.objectives import load_objectives
from streams.settings import APPLICATION_ID
from tests.bench.best import best_in_turns, cpu_s_of
from tests.bench.case import Reading, Stage
from tests.bench.load import SPAN_MS, Delivery, Load
from tests.bench.panes import LATENESS_MS

COST: Final = "µs per event"
LEAST: Final = "least, µs per event"
LOAD: Final = Load(250_000, apps=250, span_ms=SPAN_MS // 4)  # of one partition in four, as dense as the comparison's
_BATCH_BYTES: Final = 128 * 1024
_TIMES: Final = 5
_OBJECTIVES: Final = [objective for objective in load_objectives() if objective.metric == WEBHOOK.id]

Batches = Sequence[bytes]
Run = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Step:
    """A stage: `through` runs everything up to it; `least` prepares what could not be left out of it in Python."""

    name: str
    through: Callable[[Batches], object]
    least: Callable[[Batches], Run]
    what_is_least: str


def part_of(name: str) -> str:
    """Name of a stage, as results have it."""
    return f"stage = {name}"


def packed(records: Iterable[Delivery]) -> list[bytes]:
    """The records in batches as they lie on the broker."""
    batches, builder, number = [], _builder(), 0
    for record in records:
        if builder.append(number, record.timestamp_ms, record.key, record.value, []) is None:
            batches.append(bytes(builder.build()))
            builder, number = _builder(), 0
            builder.append(number, record.timestamp_ms, record.key, record.value, [])
        number += 1
    return [*batches, bytes(builder.build())]


def _builder() -> DefaultRecordBatchBuilder:
    return DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=_BATCH_BYTES,
    )


def _check(batches: Batches) -> None:
    for raw in batches:
        is_intact(MemoryRecords(raw).next_batch(), memoryview(raw))


def slices(batches: Batches) -> Iterator[list[SourceRecord]]:
    """The records, unpacked some at a time."""
    for raw in batches:
        batch = MemoryRecords(raw).next_batch()
        is_intact(batch, memoryview(raw))
        yield from Chunk(0, batch.next_offset, parts_of(batch, memoryview(raw))).slices()


def _unpack(batches: Batches) -> None:
    deque(slices(batches), maxlen=0)


def decoded(batches: Batches) -> None:
    """Unpack and decode them, and no more."""
    decoder = EventDecoder(EVENTS[WEBHOOK.record])
    for records in slices(batches):
        decoder.decode([record.value or b"" for record in records])


def counted(batches: Batches) -> None:
    """All that is done for an event, but for its way from the broker and its row."""
    admission = Admission(WEBHOOK, Evaluator(_OBJECTIVES, LATENESS_MS), APPLICATION_ID, lambda _key: True)
    for records in slices(batches):
        admission.admit(records, None)


def _copy(batches: Batches) -> Run:
    return lambda: deque((bytes(memoryview(raw)[1:]) for raw in batches), maxlen=0)


def _iterate(batches: Batches) -> Run:
    return lambda: [deque(MemoryRecords(raw).next_batch(), maxlen=0) for raw in batches]


def _records(batches: Batches) -> list[SourceRecord]:
    return [record for raw in batches for record in MemoryRecords(raw).next_batch()]


def _scan(batches: Batches) -> Run:
    values = [record.value or b"" for record in _records(batches)]
    return lambda: deque(map(msgspec.json.Decoder(msgspec.Raw).decode, values), maxlen=0)


def _add_up(batches: Batches) -> Run:
    keys = [(record.key, "Jira") for record in _records(batches)]
    counts = dict.fromkeys(keys, 0)

    def run() -> None:
        for key in keys:
            counts[key] += 1

    return run


STEPS: Final = (
    Step("check the CRC", _check, _copy, "copy the bytes once"),
    Step("unpack records", _unpack, _iterate, "aiokafka's own iteration, in C"),
    Step("decode and check types", decoded, _scan, "msgspec's scan of the JSON, with nothing built"),
    Step("admit, count and judge", counted, _add_up, "one addition in one dict"),
)


class Stages:
    """Every stage once a round, the best of some times each, taken in turns."""

    async def prepare(self, stage: Stage) -> None:
        """The same records in every round."""
        self._batches = packed(LOAD.records())

    async def measure(self, stage: Stage, round_number: int) -> AsyncIterator[Reading]:
        """What each adds, and the least it could."""
        runs: list[Run] = [partial(step.through, self._batches) for step in STEPS]
        leasts = [step.least(self._batches) for step in STEPS]
        best_us = [
            cpu_s / LOAD.events * 1e6
            for cpu_s in best_in_turns([partial(cpu_s_of, run) for run in runs + leasts], _TIMES)
        ]
        before_us = 0.0
        for number, step in enumerate(STEPS):
            through_us, least_us = best_us[number], best_us[len(STEPS) + number]
            yield {(part_of(step.name), COST): through_us - before_us, (part_of(step.name), LEAST): least_us}
            before_us = through_us
