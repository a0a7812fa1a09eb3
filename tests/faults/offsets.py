"""Committed offsets, watched while everything around them fails: they never go back."""

import asyncio
from contextlib import suppress
from typing import Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from tests.e2e.flow import Flow

_LOOK_EVERY_S: Final = 1.0
_ASKING_TIMEOUT_S: Final = 10.0


class OffsetsError(Exception):
    """A committed offset went back."""


async def watch_offsets(flow: Flow) -> None:
    """Look again and again until cancelled; while no broker answers there is nothing to see.

    Raises:
        OffsetsError: an offset is lower than it was.
    """
    seen: dict[TopicPartition, int] = {}
    task = asyncio.current_task()
    assert task is not None
    while not task.cancelling():  # a client of aiokafka that is closed at this moment keeps the cancellation to itself
        committed: dict[TopicPartition, int] = {}
        with suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(_ASKING_TIMEOUT_S):
                committed = await flow.committed()
        back = {tp: (seen[tp], offset) for tp, offset in committed.items() if offset < seen.get(tp, 0)}
        if back:
            raise OffsetsError(f"committed offsets went back: {back}")
        seen.update(committed)
        await asyncio.sleep(_LOOK_EVERY_S)
