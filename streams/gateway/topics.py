"""The topics of the gateway: made where they are missing, else left as they are."""

import asyncio
from collections.abc import Sequence
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from streams.kafka.cluster import admin_client, cleanup_policies, existing_topics
from streams.kafka.topics import TopicSpec, UnusableClusterError, fault_of
from streams.settings import Settings

_VISIBLE_S: Final = 30.0
_HINT: Final = "Set SLO_REPLICATION_FACTOR to at most the number of brokers, or have the topics created for you."


def installations_topic(settings: Settings) -> TopicSpec:
    """Who may publish."""
    return TopicSpec(settings.topics.installations, {"cleanup.policy": "compact"})


def gateway_topics(settings: Settings) -> list[TopicSpec]:
    """What the gateway writes, and the installations, which it reads."""
    events = [*settings.topics.inputs, settings.topics.synthetic]
    return [*(TopicSpec(name) for name in events), installations_topic(settings)]


async def ensure_topics(settings: Settings, needed: Sequence[TopicSpec]) -> list[str]:
    """Create what is missing; the names of those created. What is there is checked, and never changed.

    Raises:
        KafkaError: no broker answers.
        UnusableClusterError: with every reason found.
    """
    async with admin_client(settings) as admin:
        existing = await existing_topics(admin)
        missing = [spec for spec in needed if spec.name not in existing]
        if missing:
            await _create(admin, settings, missing)
        present = [spec for spec in needed if spec.name in existing]
        policies = await cleanup_policies(admin, [spec.name for spec in present])
    faults = {spec.name: fault_of(spec, existing, policies) for spec in present}
    problems = [f"{name} {fault}" for name, fault in faults.items() if fault is not None]
    if problems:
        raise UnusableClusterError("\n".join(problems))
    return [spec.name for spec in missing]


async def _create(admin: AIOKafkaAdminClient, settings: Settings, missing: Sequence[TopicSpec]) -> None:
    partitions, replicas = settings.partitions, settings.replication_factor
    topics = [NewTopic(spec.name, partitions, replicas, topic_configs=spec.config) for spec in missing]
    response = await admin.create_topics(topics)
    problems = [
        f"cannot create topic {name}: {for_code(code).__name__}: {' '.join(filter(None, message))}"
        for name, code, *message in response.topic_errors
        if code and for_code(code) is not TopicAlreadyExistsError  # another one may be starting, too
    ]
    if problems:
        raise UnusableClusterError("\n".join([*problems, _HINT]))
    names = {spec.name for spec in missing}
    async with asyncio.timeout(_VISIBLE_S):  # a new topic takes a moment to be known to every broker
        while not names <= set(await existing_topics(admin)):  # noqa: ASYNC110 - the broker tells nobody
            await asyncio.sleep(0.05)
