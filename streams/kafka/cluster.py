"""What is on the cluster: topics by name, asked for so that none is created by being mentioned."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient

from streams.kafka.connection import client_options
from streams.settings import Settings


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
