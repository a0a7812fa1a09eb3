"""How a worker takes part in the consumer group: partitions stay where they are, also over a restart under one name.

What aiokafka 0.14.0 lacks for that, each said where it is made good.
"""

from collections.abc import Callable
from typing import Any, Final

from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.group import HeartbeatRequest, JoinGroupRequest, SyncGroupRequest
from aiokafka.protocol.types import Int16, Int32, Schema, String

from streams.kafka.assignor import Assignor
from streams.kafka.contact import Contact

_FENCED_INSTANCE_ID: Final = 82  # Kafka protocol guide; aiokafka does not know the error


class InstanceFencedError(Exception):
    """Another worker has joined the group under this worker's instance id."""


class Coordinator(GroupCoordinator):  # type: ignore[misc]
    """aiokafka's part in the group protocol, where nothing that ends it goes unheard.

    `failed` is called with what keeps this member from taking part for good. aiokafka waits until its user asks, and
    Faust never does: the worker would stand still without a word. `contact` is told what the group takes.
    """

    failed: Callable[[BaseException], None] | None = None
    contact: Contact | None = None

    async def _send_req(self, request: Any) -> Any:
        is_part_of_it = isinstance(request, (HeartbeatRequest, JoinGroupRequest, SyncGroupRequest))
        if self._group_instance_id is not None and isinstance(request, HeartbeatRequest):
            # Without its instance id, one that was replaced is told that it is unknown: it would join again and
            # replace the other, for ever.
            request = _StaticHeartbeat(self.group_id, self.generation, self.member_id, self._group_instance_id)
        response = await super()._send_req(request)
        if is_part_of_it and self.contact is not None and response.error_code == 0:
            self.contact.heard()
        if getattr(response, "error_code", 0) == _FENCED_INSTANCE_ID:
            problem = InstanceFencedError(
                f"another worker has joined the group as {self._group_instance_id}: every worker needs a "
                "SLO_INSTANCE_ID of its own, or none"
            )
            self._tell(problem)
            raise problem
        return response

    async def _on_join_complete(self, generation: int, member_id: str, protocol: str, assignment: bytes) -> None:
        assignor = self._lookup_assignor(protocol)
        if isinstance(assignor, Assignor):  # other consumers of this process have assignors without a memory
            assignor.on_generation_assignment(generation)
        await super()._on_join_complete(generation, member_id, protocol, assignment)

    def _push_error_to_user(self, exc: BaseException) -> Any:
        self._tell(exc)
        return super()._push_error_to_user(exc)

    def _tell(self, problem: BaseException) -> None:
        if self.failed is not None:
            self.failed(problem)


# A heartbeat with an instance id, which aiokafka 0.14.0 does not have. Source: Kafka protocol guide.


class _HeartbeatResponse(Response):  # type: ignore[misc]
    API_KEY = 12
    API_VERSION = 3
    SCHEMA = Schema(("throttle_time_ms", Int32), ("error_code", Int16))


class _HeartbeatStruct(RequestStruct):  # type: ignore[misc]
    API_KEY = 12
    API_VERSION = 3
    RESPONSE_TYPE = _HeartbeatResponse
    SCHEMA = Schema(
        ("group", String("utf-8")),
        ("generation_id", Int32),
        ("member_id", String("utf-8")),
        ("group_instance_id", String("utf-8")),
    )


class _StaticHeartbeat(Request[_HeartbeatStruct]):  # type: ignore[misc]
    API_KEY = 12

    def __init__(self, *fields: Any) -> None:
        self._fields = fields

    def build(self, struct: Any) -> Any:
        return struct(*self._fields)
