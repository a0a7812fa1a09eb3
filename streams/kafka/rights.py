"""Whether the brokers let this user do what a worker does. Asked, not tried: nothing is written.

Brokers tell it since Apache Kafka 2.3 (KIP-430). One that does not is believed to allow everything.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from enum import IntEnum
from typing import Any, Final

from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError, for_code
from aiokafka.protocol.admin import DescribeGroupsRequest_v3, DescribeGroupsResponse_v3
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Int16, Int32, Schema, String

from streams.kafka.connection import client_options
from streams.names import METRICS, changelog
from streams.settings import Settings


class Operation(IntEnum):
    """What a right allows; the number is that of the Kafka protocol (AclOperation)."""

    READ = 3
    WRITE = 4
    DESCRIBE = 8


READ: Final = (Operation.READ,)
WRITE: Final = (Operation.WRITE,)
_NOT_TOLD: Final = -(2**31)

Rights = Mapping[str, tuple[Operation, ...]]
"""What a role does on each topic."""


def rights_on_topics(settings: Settings) -> dict[str, tuple[Operation, ...]]:
    """What a worker does on each topic. Misplaced events are written back to their topic."""
    topics = settings.topics
    return {
        **dict.fromkeys(topics.inputs, READ + WRITE),
        **dict.fromkeys((topics.apps, topics.exclusions), READ),
        **dict.fromkeys((topics.alerts, topics.alert_state), READ + WRITE),  # read where they differ from the state
        **dict.fromkeys((topics.rejected, topics.heartbeat), WRITE),
        **{changelog(settings.application_id, metric): READ + WRITE for metric in METRICS.values()},
    }


def rights_of_history(settings: Settings) -> dict[str, tuple[Operation, ...]]:
    """What history does on each topic: it reads all, and publishes alerts."""
    topics = settings.topics
    return {
        **dict.fromkeys((*topics.inputs, topics.apps, topics.exclusions), READ),
        **dict.fromkeys((topics.alerts, topics.alert_state), READ + WRITE),
    }


def in_words(operations: Iterable[Operation]) -> str:
    """'Read and Write'."""
    return " and ".join(operation.name.capitalize() for operation in operations)


async def missing_rights(settings: Settings) -> list[str]:
    """What this user lacks on topics and on the group, a sentence each. All topics have to exist.

    Not asked for is the heartbeat: what stands in its way is said when it is due, and a worker goes on without.

    Raises:
        KafkaError: the brokers do not answer.
    """
    async with _client(settings) as client:
        try:
            return [*await _missing_on_topics(client, settings), *await _missing_on_group(client, settings)]
        except NotImplementedError:  # a broker that does not tell
            return []


async def _missing_on_topics(client: AIOKafkaClient, settings: Settings) -> list[str]:
    needed = rights_on_topics(settings)
    del needed[settings.topics.heartbeat]
    answer = await client.send(client.get_random_node(), _DescribeTopics(list(needed)))
    missing = []
    for code, topic, _internal, _partitions, allowed in answer.topics:
        if code:
            raise for_code(code)(topic)
        missing += _lacking(f"topic {topic}", needed[topic], allowed)
    return sorted(missing)


async def _missing_on_group(client: AIOKafkaClient, settings: Settings) -> list[str]:
    group = settings.application_id
    try:
        coordinator = await client.coordinator_lookup(CoordinationType.GROUP, group)
        answer = await client.send(coordinator, _DescribeGroup(group))
    except GroupAuthorizationFailedError:
        return _lacking(f"group {group}", READ, 0)
    except KafkaError as problem:
        if problem.retriable:  # a new broker that has yet to set up its first group
            return []
        raise
    ((code, *_, allowed),) = answer.groups
    if for_code(code) is GroupAuthorizationFailedError:
        return _lacking(f"group {group}", READ, 0)
    return [] if code else _lacking(f"group {group}", READ, allowed)


def _lacking(what: str, needed: tuple[Operation, ...], allowed: int) -> list[str]:
    if allowed == _NOT_TOLD:
        return []
    lacking = [operation for operation in needed if not allowed & 1 << operation]
    return [f"a right is missing on {what}: allow {in_words(lacking)}"] if lacking else []


@asynccontextmanager
async def _client(settings: Settings) -> AsyncIterator[AIOKafkaClient]:
    client = AIOKafkaClient(**client_options(settings))
    try:
        await client.bootstrap()
        yield client
    finally:
        await client.close()


# Requests with the question for rights, which aiokafka 0.14.0 does not have. Source: Kafka protocol guide.


class _DescribeTopicsResponse(Response):  # type: ignore[misc]
    API_KEY = 3
    API_VERSION = 8
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", Array(("id", Int32), ("host", String()), ("port", Int32), ("rack", String()))),
        ("cluster_id", String()),
        ("controller_id", Int32),
        (
            "topics",
            Array(
                ("error_code", Int16),
                ("topic", String()),
                ("is_internal", Boolean),
                (
                    "partitions",
                    Array(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", Array(Int32)),
                        ("in_sync", Array(Int32)),
                        ("offline", Array(Int32)),
                    ),
                ),
                ("allowed", Int32),
            ),
        ),
        ("allowed_on_cluster", Int32),
    )


class _DescribeTopicsStruct(RequestStruct):  # type: ignore[misc]
    API_KEY = 3
    API_VERSION = 8
    RESPONSE_TYPE = _DescribeTopicsResponse
    SCHEMA = Schema(
        ("topics", Array(String())),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_operations", Boolean),
        ("include_topic_operations", Boolean),
    )


class _DescribeTopics(Request[_DescribeTopicsStruct]):  # type: ignore[misc]
    API_KEY = 3

    def __init__(self, topics: list[str]) -> None:
        self._topics = topics

    def build(self, struct: Any) -> Any:
        return struct(self._topics, False, False, True)


class _DescribeGroupStruct(DescribeGroupsRequest_v3):  # type: ignore[misc]
    RESPONSE_TYPE = DescribeGroupsResponse_v3  # aiokafka 0.14.0 decodes the answer as that of version 2


class _DescribeGroup(Request[_DescribeGroupStruct]):  # type: ignore[misc]
    API_KEY = 15

    def __init__(self, group: str) -> None:
        self._group = group

    def build(self, struct: Any) -> Any:
        return struct([self._group], True)
