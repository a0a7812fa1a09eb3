"""Taking a partition over, so that no two workers ever write for one.

In this order: open its store, which fences the former owner, then read what is stored to its end, or go on with what
this worker has kept if that is still what is stored.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Final, Generic

from faust.types import TP

from streams.names import name_of
from streams.ownership.endings import Endings
from streams.ownership.retained import RetainedState
from streams.ownership.seams import ProcessorT, Store

LOADS_AT_ONCE: Final = 4
"""What is read of each is in memory twice for a while."""


@dataclass(frozen=True, slots=True)
class TakenOver(Generic[ProcessorT]):
    """A processor, where its commits go, and what the last one left; `restored`: it was read back, not kept."""

    processor: ProcessorT
    store: Store
    mark: object
    restored: bool


class TakeOver(Generic[ProcessorT]):
    """Takes partitions over for one worker. Whatever does not allow it ends the process.

    `new_store` makes the store of a partition, `new_processor` its processor from what the store has loaded. `shared`
    is entered for as long as each take-over goes on: what stores use together.
    """

    def __init__(
        self,
        new_store: Callable[[TP], Store],
        new_processor: Callable[[TP, Any], ProcessorT],
        endings: Endings,
        shared: AbstractAsyncContextManager[object] | None = None,
    ) -> None:
        self._new_store = new_store
        self._new_processor = new_processor
        self._endings = endings
        self._shared = shared or nullcontext()
        self._loads = asyncio.Semaphore(LOADS_AT_ONCE)

    async def run(self, tp: TP, retained: RetainedState[ProcessorT]) -> TakenOver[ProcessorT]:
        """Take one over; may be cancelled, then nothing was changed but that former owners are fenced."""
        doing = f"taking over {name_of(*tp)}"
        store = self._new_store(tp)
        try:
            async with self._shared:
                await store.open()
                return await self._take_over(tp, store, retained)
        except asyncio.CancelledError:
            await store.close()
            raise
        except Exception as problem:
            self._endings.on(problem, doing)

    async def _take_over(self, tp: TP, store: Store, retained: RetainedState[ProcessorT]) -> TakenOver[ProcessorT]:
        position = await store.position()
        kept = retained.take(tp, position.mark)
        if kept is not None:
            position.source.check(kept.next_offset)
            return TakenOver(kept, store, position.mark, restored=False)
        async with self._loads:
            processor = self._new_processor(tp, await store.load())
        return TakenOver(processor, store, position.mark, restored=True)
