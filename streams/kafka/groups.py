"""What the brokers know of a consumer group: what was committed in it, and who is in it."""

import asyncio
import time
from collections.abc import Collection
from typing import Final

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, for_code
from aiokafka.structs import OffsetAndMetadata

_PATIENCE_S: Final = 30.0
_RETRY_S: Final = 0.1
_NONE: Final = -1


async def committed_offsets(
    admin: AIOKafkaAdminClient, group: str, tps: Collection[TopicPartition] | None = None
) -> dict[TopicPartition, OffsetAndMetadata]:
    """What was committed for partitions, all without `tps`; with patience for a broker that sets up its first group.

    Raises:
        KafkaError: the brokers do not answer, or still not after 30 s.
    """
    deadline_s = time.monotonic() + _PATIENCE_S
    while True:
        try:
            committed = await admin.list_consumer_group_offsets(group, partitions=None if tps is None else list(tps))
        except KafkaError as problem:
            if not problem.retriable or time.monotonic() > deadline_s:
                raise
            await asyncio.sleep(_RETRY_S)
        else:
            return {tp: stored for tp, stored in committed.items() if stored.offset != _NONE}


async def group_state(admin: AIOKafkaAdminClient, group: str) -> tuple[str, int]:
    """State of a group, empty for one that was never seen, and how many members it has.

    Raises:
        KafkaError: the brokers do not answer, or do not allow it.
    """
    (response,) = await admin.describe_consumer_groups([group])
    code, _group, state, _type, _protocol, members, *_ = response.groups[0]
    if code and for_code(code).__name__ != "GroupIdNotFound":
        raise for_code(code)(group)
    return state, len(members)
