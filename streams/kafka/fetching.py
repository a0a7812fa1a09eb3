"""Fetches that are noted: one that no broker ever answers looks like a quiet topic otherwise.

Takes the place of aiokafka's `Fetcher`.
"""

import asyncio
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import Fetcher

from streams.kafka.contact import Contact

_CANCEL_AGAIN_S: Final = 0.1


class NotedFetcher(Fetcher):  # type: ignore[misc]
    """aiokafka's fetcher; where a `contact` is set, it is told what was asked, and what was answered."""

    contact: Contact | None = None

    async def _proc_fetch_request(self, assignment: Any, node_id: Any, request: Any) -> Any:
        if self.contact is None:
            return await super()._proc_fetch_request(assignment, node_id, request)
        tps = [TopicPartition(topic, place[0]) for topic, places in request.topics for place in places]
        self.contact.asks(tps)
        before = _answered(assignment, tps)
        try:
            return await super()._proc_fetch_request(assignment, node_id, request)
        finally:  # whether it was answered is not returned, but every answer of a partition leaves its time
            after = _answered(assignment, tps)
            self.contact.is_answered(tp for tp in tps if not assignment.active or after[tp] != before[tp])

    async def close(self) -> None:
        """End it: aiokafka cancels its task once, and waits for ever where that ended a task that this one awaited."""
        while not self._fetch_task.done():
            self._fetch_task.cancel()
            await asyncio.wait([self._fetch_task], timeout=_CANCEL_AGAIN_S)
        await super().close()


def _answered(assignment: Any, tps: list[TopicPartition]) -> dict[TopicPartition, Any]:
    return {tp: assignment.state_value(tp).timestamp for tp in tps}
