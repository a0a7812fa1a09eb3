"""What every store keeps to, whatever it is made of. A subclass says how its stores and processors are made.

The oracle is a processor that was never interrupted: whatever is loaded has to look like it at the same offset.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from streams.kafka.chunk import Chunk
from streams.ownership.seams import Position, Processor, Store
from streams.turn import finish


class Harness(ABC):
    """One source partition with some records in it, and stores for its state."""

    records = 6
    """How many records there are."""

    @abstractmethod
    def new_store(self) -> Store:
        """A store of the partition, not opened yet; all of them share what is stored."""

    @abstractmethod
    def new_processor(self, loaded: Any | None) -> Processor:
        """A processor that goes on with what a store has loaded; None: that never had a store."""

    @abstractmethod
    def chunk(self, start: int, end: int) -> Chunk:
        """The records in [start, end)."""

    @abstractmethod
    def picture(self, processor: Processor) -> object:
        """All that a processor holds, in a shape that can be compared."""

    def uninterrupted(self, end: int) -> object:
        """What a processor holds that read the records before `end` in one go."""
        processor = self.new_processor(None)
        if end:
            finish(processor.apply(self.chunk(0, end), None))
        return self.picture(processor)


class Owner:
    """Who has opened a store of the partition."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.store = harness.new_store()
        self.position: Position
        self.processor: Processor

    async def take_over(self) -> "Owner":
        """Open the store, and go on with what it has loaded."""
        await self.store.open()
        self.position = await self.store.position()
        self.processor = self.harness.new_processor(await self.store.load())
        return self

    async def advance(self, end: int) -> object:
        """Read on up to an offset, and store it; the mark."""
        finish(self.processor.apply(self.harness.chunk(self.processor.next_offset, end), None))
        return await self.store.write(self.processor.take_work())


class StoreContract(ABC):
    """The suite."""

    @pytest.fixture
    @abstractmethod
    def harness(self) -> Harness:
        """A partition that nobody has read yet."""

    def play(self, harness: Harness, story: Callable[[Callable[[], Awaitable[Owner]]], Awaitable[None]]) -> None:
        """Run a story whose owners are closed at its end."""
        owners: list[Owner] = []

        async def next_owner() -> Owner:
            owners.append(Owner(harness))
            return await owners[-1].take_over()

        async def scenario() -> None:
            async with asyncio.timeout(90):
                try:
                    await story(next_owner)
                finally:
                    await asyncio.gather(*(owner.store.close() for owner in owners))

        asyncio.run(scenario())

    def test_a_partition_that_is_new_begins_at_its_oldest_record(self, harness: Harness) -> None:
        async def story(next_owner: Callable[[], Awaitable[Owner]]) -> None:
            owner = await next_owner()
            assert owner.position.source.oldest_offset == owner.processor.next_offset == 0
            assert owner.position.source.end_offset >= harness.records
            assert harness.picture(owner.processor) == harness.uninterrupted(0)

        self.play(harness, story)

    def test_the_next_owner_goes_on_where_the_last_commit_left_it(self, harness: Harness) -> None:
        async def story(next_owner: Callable[[], Awaitable[Owner]]) -> None:
            for end in (2, 3, harness.records):
                mark = await (await next_owner()).advance(end)
                heir = await next_owner()
                assert heir.position.mark == mark
                assert heir.processor.next_offset == end
                assert harness.picture(heir.processor) == harness.uninterrupted(end)

        self.play(harness, story)

    def test_what_was_not_stored_is_read_again_and_counts_once(self, harness: Harness) -> None:
        async def story(next_owner: Callable[[], Awaitable[Owner]]) -> None:
            first = await next_owner()
            await first.advance(2)
            finish(first.processor.apply(harness.chunk(2, 5), None))
            assert first.processor.take_work() is not None  # and it dies
            heir = await next_owner()
            assert heir.processor.next_offset == 2
            await heir.advance(harness.records)
            assert harness.picture((await next_owner()).processor) == harness.uninterrupted(harness.records)

        self.play(harness, story)

    def test_an_owner_that_was_thought_dead_can_store_nothing(self, harness: Harness) -> None:
        async def story(next_owner: Callable[[], Awaitable[Owner]]) -> None:
            zombie = await next_owner()
            await zombie.advance(2)
            heir = await next_owner()
            with pytest.raises(Exception) as refusal:  # noqa: PT011 - each store has its own
                await zombie.advance(5)
            assert not isinstance(refusal.value, TimeoutError)
            await heir.advance(3)
            assert harness.picture((await next_owner()).processor) == harness.uninterrupted(3)

        self.play(harness, story)

    def test_equal_marks_mean_that_nobody_has_stored_in_between(self, harness: Harness) -> None:
        async def story(next_owner: Callable[[], Awaitable[Owner]]) -> None:
            mark = await (await next_owner()).advance(2)
            assert (await next_owner()).position.mark == mark
            other = await (await next_owner()).advance(4)
            assert other != mark
            assert (await next_owner()).position.mark == other

        self.play(harness, story)
