"""Taking a partition over, so that no two workers ever write for one.

In this order: start the transactional producer (fences the former owner), then read what is stored to its end, or go on
with what this worker has kept if that is still what is stored.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aiokafka import TopicPartition
from faust.types import TP

from streams.evaluation.objective import Objective
from streams.evaluation.progress import PanesDoNotFitError
from streams.evaluation.series import Series
from streams.kafka.placement import partition_of
from streams.names import changelog, name_of
from streams.reference.reference import Reference
from streams.settings import Settings
from streams.tables.changelog import StateLostError, restore
from streams.tables.rows import Meta, UnreadableRowError
from streams.unit.beginning import SourceLostError, ask_offsets, beginning, check_source
from streams.unit.commit import Ledger
from streams.unit.committed_position import CommittedPosition
from streams.unit.exits import exit_on, refuse
from streams.unit.failpoints import Failpoint
from streams.unit.retained import RetainedUnits
from streams.unit.unit import Unit


@dataclass(frozen=True, slots=True)
class TakenOver:
    """A unit, where its commits go, where it stands, and how many series were read back for it (None: it was kept)."""

    unit: Unit
    ledger: Ledger
    mark: CommittedPosition
    restored: int | None


class TakeOver:
    """Takes partitions over for one worker. Whatever does not allow it ends the process."""

    def __init__(self, settings: Settings, objectives: Sequence[Objective], reference: Reference) -> None:
        self._settings = settings
        self._objectives = objectives
        self._reference = reference
        self._inputs = settings.topics.inputs
        self._failpoint = Failpoint(settings.fail)

    async def run(self, tp: TP, parked: RetainedUnits) -> TakenOver:
        """Take one over; may be cancelled, then nothing was changed but that former owners are fenced."""
        doing = f"taking over {name_of(*tp)}"
        rows = changelog(self._settings.application_id, self._inputs[tp.topic])
        ledger = Ledger(self._settings, tp.topic, tp.partition, rows, self._failpoint)
        try:
            await ledger.open()
            return await self._take_over(tp, rows, ledger, parked)
        except asyncio.CancelledError:
            await ledger.close()
            raise
        except (StateLostError, SourceLostError, UnreadableRowError, PanesDoNotFitError) as problem:
            refuse(problem, doing)
        except Exception as problem:
            exit_on(problem, doing)

    async def _take_over(self, tp: TP, rows: str, ledger: Ledger, parked: RetainedUnits) -> TakenOver:
        standing = await ask_offsets(self._settings, TopicPartition(*tp), rows)
        kept = parked.take(tp, standing.mark)
        if kept is not None:
            check_source(standing, kept.next_offset)
            return TakenOver(kept, ledger, standing.mark, None)
        state = await restore(self._settings, rows, tp.partition)
        meta = beginning(standing, rows, state.meta)
        unit = self._new_unit(tp, await ledger.partitions(tp.topic), meta, state.series)
        return TakenOver(unit, ledger, standing.mark, len(state.series))

    def _new_unit(self, tp: TP, partitions: int, meta: Meta, series: Sequence[Series]) -> Unit:
        return Unit(
            self._inputs[tp.topic],
            self._settings.topics,
            tp.partition,
            self._home_of(tp, partitions),
            self._objectives,
            self._settings.allowed_lateness,
            self._reference,
            meta,
            series,
        )

    def _home_of(self, tp: TP, partitions: int) -> Callable[[bytes], bool]:
        partitioner = self._settings.partitioner
        return lambda key: partition_of(key, partitions, partitioner) == tp.partition
