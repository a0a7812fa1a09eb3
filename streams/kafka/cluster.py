"""What is on the cluster: topics by name, asked for so that none is created by being mentioned."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAuthorizationFailedError, for_code

from streams.kafka.connection import client_options
from streams.settings import Settings

_SETTINGS: Final = ("cleanup.policy", "message.timestamp.type", "min.compaction.lag.ms")


class MissingTopicError(Exception):
    """A topic that should be read is not there; the message names it."""


@dataclass(frozen=True, slots=True)
class Topic:
    """Shape of an existing topic; `replication` is that of its least replicated partition."""

    partitions: int
    replication: int


@asynccontextmanager
async def admin_client(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """A started admin client.

    Raises:
        KafkaError: no broker could be reached.
    """
    admin = AIOKafkaAdminClient(**client_options(settings))
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


async def existing_topics(admin: AIOKafkaAdminClient) -> dict[str, Topic]:
    """Every topic this user may see.

    Raises:
        KafkaError: the brokers do not answer.
    """
    return {
        topic["topic"]: Topic(
            len(topic["partitions"]), min(len(partition["replicas"]) for partition in topic["partitions"])
        )
        for topic in await admin.describe_topics()
        if topic["error_code"] == 0 and topic["partitions"]
    }


async def find_topics(settings: Settings, names: Iterable[str]) -> dict[str, Topic]:
    """Topics that have to be there, by name.

    Raises:
        MissingTopicError: nobody has created one of them yet.
        KafkaError: no broker answers.
    """
    async with admin_client(settings) as admin:
        topics = await existing_topics(admin)
    found = {}
    for name in names:
        if name not in topics:
            raise MissingTopicError(f"There is no topic {name} yet.")
        found[name] = topics[name]
    return found


async def find_topic(settings: Settings, name: str) -> Topic:
    """A topic that has to be there.

    Raises:
        MissingTopicError, KafkaError: as `find_topics`.
    """
    return (await find_topics(settings, [name]))[name]


async def partitions_of(settings: Settings, names: Iterable[str]) -> list[TopicPartition]:
    """All partitions of topics that have to be there.

    Raises:
        MissingTopicError, KafkaError: as `find_topics`.
    """
    found = await find_topics(settings, names)
    return [TopicPartition(name, number) for name, topic in found.items() for number in range(topic.partitions)]


async def topic_settings(admin: AIOKafkaAdminClient, names: Iterable[str]) -> dict[str, dict[str, str]]:
    """What `streams.kafka.specs` asks of existing topics; none of what this user may not see.

    Raises:
        KafkaError: the brokers do not answer.
    """
    resources = [ConfigResource(ConfigResourceType.TOPIC, name, dict.fromkeys(_SETTINGS)) for name in names]
    set_to = {}
    for response in await admin.describe_configs(resources) if resources else []:
        for code, message, _type, name, entries in response.resources:
            error = for_code(code)
            if error is TopicAuthorizationFailedError:
                continue
            if code:
                raise error(message)
            set_to[name] = {entry[0]: entry[1] for entry in entries}
    return set_to
