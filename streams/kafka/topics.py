"""The topics a worker needs: created when missing, and checked before anything is read.

What cannot work is refused with a sentence an operator can act on: a topic in the wrong shape would lose state quietly.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from streams.kafka.connection import client_options
from streams.names import METRICS, changelog
from streams.settings import Settings

_VISIBLE_S = 30
_COMPACT = {"cleanup.policy": "compact"}
# Dirty rows are written every second: without a small segment a changelog would grow to gigabytes before compaction.
_CHANGELOG = _COMPACT | {"segment.bytes": str(64 * 1024 * 1024), "min.cleanable.dirty.ratio": "0.3"}


class UnusableClusterError(Exception):
    """The cluster, its topics or our rights on it do not allow the work; has a line for each reason."""


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic the worker needs. `like` names the topic whose partition count it has to have."""

    name: str
    config: dict[str, str] = field(default_factory=dict)
    like: str | None = None

    @property
    def is_compacted(self) -> bool:
        """Whether only the latest record of each key is kept."""
        return self.config.get("cleanup.policy") == "compact"


def topics_needed(settings: Settings) -> list[TopicSpec]:
    """Every topic of the worker, inputs first."""
    topics = settings.topics
    return [
        *(TopicSpec(name) for name in topics.inputs),
        TopicSpec(topics.apps, _COMPACT),
        TopicSpec(topics.exclusions, _COMPACT),
        TopicSpec(topics.alerts),
        TopicSpec(topics.alert_state, _COMPACT),
        TopicSpec(topics.rejected),
        *(
            TopicSpec(changelog(settings.application_id, metric), _CHANGELOG, like=topics.input(metric))
            for metric in METRICS.values()
        ),
    ]


async def prepare_topics(settings: Settings) -> list[str]:
    """Create what is missing, check what is there; the names of those created.

    Raises:
        UnusableClusterError: with every reason found.
    """
    admin = AIOKafkaAdminClient(**client_options(settings))
    try:
        await admin.start()
    except KafkaError as problem:
        raise UnusableClusterError(f"no Kafka broker answers at {settings.bootstrap_servers}: {problem}") from problem
    try:
        created = await _create_missing(admin, settings)
        problems = await _problems(admin, settings)
    finally:
        await admin.close()
    problems += await _transaction_problems(settings)
    if problems:
        raise UnusableClusterError("\n".join(problems))
    return created


async def _create_missing(admin: AIOKafkaAdminClient, settings: Settings) -> list[str]:
    needed = topics_needed(settings)
    counts = await _partition_counts(admin, [spec.name for spec in needed])
    missing = [spec for spec in needed if spec.name not in counts]
    if not missing:
        return []
    wanted = [
        NewTopic(
            spec.name,
            num_partitions=counts.get(spec.like or "", settings.partitions),
            replication_factor=settings.replication_factor,
            topic_configs=spec.config,
        )
        for spec in missing
    ]
    response = await admin.create_topics(wanted)
    problems = []
    for name, code, *message in response.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:  # another worker may be starting, too
            problems.append(f"cannot create topic {name}: {error.__name__}: {' '.join(filter(None, message))}")
    if not problems:
        await _until_visible(admin, [spec.name for spec in missing])
    if problems:
        hint = "Set SLO_REPLICATION_FACTOR to at most the number of brokers, or have the topics created for you."
        raise UnusableClusterError("\n".join([*problems, hint]))
    return [spec.name for spec in missing]


async def _until_visible(admin: AIOKafkaAdminClient, names: list[str]) -> None:
    """A new topic takes a moment to be known to every broker."""
    async with asyncio.timeout(_VISIBLE_S):
        while len(await _partition_counts(admin, names)) < len(names):  # noqa: ASYNC110 - a cluster has no event to await
            await asyncio.sleep(0.05)


async def _partition_counts(admin: AIOKafkaAdminClient, names: Iterable[str]) -> dict[str, int]:
    # Only existing topics are asked for by name: brokers may create one that is merely mentioned.
    existing = set(await admin.list_topics()).intersection(names)
    found = await admin.describe_topics(sorted(existing)) if existing else []
    return {topic["topic"]: len(topic["partitions"]) for topic in found if topic["error_code"] == 0}


async def _problems(admin: AIOKafkaAdminClient, settings: Settings) -> list[str]:
    needed = topics_needed(settings)
    counts = await _partition_counts(admin, [spec.name for spec in needed])
    problems = []
    for spec in needed:
        if spec.like is not None and counts.get(spec.name) != counts.get(spec.like):
            here, there = counts.get(spec.name), counts.get(spec.like)
            problems.append(
                f"{spec.name} has {here} partitions, but {spec.like} has {there}: state and events would not lie "
                "together. After a change of the count start with a new SLO_APPLICATION_ID."
            )
    compacted = [spec.name for spec in needed if spec.is_compacted]
    for name, policy in (await _cleanup_policies(admin, compacted)).items():
        if policy != "compact":
            problems.append(
                f"{name} has cleanup.policy={policy}, which forgets state by age. Set cleanup.policy=compact on it."
            )
    return problems


async def _cleanup_policies(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, str]:
    resources = [ConfigResource(ConfigResourceType.TOPIC, name, {"cleanup.policy": None}) for name in names]
    policies = {}
    for response in await admin.describe_configs(resources):
        for _code, _message, _type, name, entries in response.resources:
            policies[name] = next(entry[1] for entry in entries if entry[0] == "cleanup.policy")
    return policies


async def _transaction_problems(settings: Settings) -> list[str]:
    """Whether the cluster lets us write in transactions at all."""
    producer = AIOKafkaProducer(
        **client_options(settings),
        transactional_id=f"{settings.application_id}-startup-check",
        request_timeout_ms=settings.session_timeout,
    )
    try:
        await producer.start()
    except KafkaError as problem:
        needs = (
            f"The worker needs Write and Describe on transactional ids that begin with {settings.application_id}, and "
            "the brokers' transaction.state.log needs its replicas."
        )
        return [f"the cluster does not allow transactions: {type(problem).__name__}: {problem}. {needs}"]
    finally:
        await producer.stop()
    return []
