"""The topics a worker needs: created when missing, and checked before anything is read.

What cannot work is refused with a sentence an operator can act on: a topic in the wrong shape would lose state quietly.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    for_code,
)

from streams.kafka.cluster import Topic, admin_client, cleanup_policies, existing_topics
from streams.kafka.connection import client_options
from streams.kafka.rights import in_words, missing_rights, rights_on_topics
from streams.kafka.servers import obstacles
from streams.names import METRICS, changelog
from streams.settings import Settings

log = logging.getLogger(__name__)

_VISIBLE_S = 30
_COMPACT = {"cleanup.policy": "compact"}
# A restart has to learn anew which version of an exclusion was known when: none is merged away while it may matter.
_EXCLUSIONS = _COMPACT | {"min.compaction.lag.ms": str(35 * 86_400_000)}
# Dirty rows are written every second: without a small segment a changelog would grow to gigabytes before compaction.
_CHANGELOG = _COMPACT | {"segment.bytes": str(64 * 1024 * 1024), "min.cleanable.dirty.ratio": "0.3"}


class UnusableClusterError(Exception):
    """The cluster, its topics or our rights on it do not allow the work; has a line for each reason."""


class UnreachableClusterError(UnusableClusterError):
    """No broker answers: it may be about to start, or to come back."""


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic of the worker. `like` names the topic whose partition count it has to have.

    Without one that `is_optional` it works all the same, and says so.
    """

    name: str
    config: dict[str, str] = field(default_factory=dict)
    like: str | None = None
    is_optional: bool = False

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
        TopicSpec(topics.exclusions, _EXCLUSIONS),
        TopicSpec(topics.alerts),
        TopicSpec(topics.alert_state, _COMPACT),
        TopicSpec(topics.rejected),
        *([TopicSpec(topics.heartbeat, _COMPACT, is_optional=True)] if settings.heartbeat_interval else []),
        *(
            TopicSpec(changelog(settings.application_id, metric), _CHANGELOG, like=topics.input(metric))
            for metric in METRICS.values()
        ),
    ]


async def prepare_topics(settings: Settings) -> list[str]:
    """Create what is missing, check what is there; the names of those created.

    Raises:
        UnreachableClusterError: no broker answers.
        UnusableClusterError: with every reason found.
    """
    try:
        async with admin_client(settings) as admin:
            created = await _create_missing(admin, settings)
            problems = await _problems(admin, settings)
    except KafkaConnectionError as problem:
        found = await obstacles(settings)
        refusal = f"no Kafka broker answers at {settings.bootstrap_servers} as it should"
        said = "\n".join([refusal, *(obstacle.said for obstacle in found)])
        if any(obstacle.is_for_good for obstacle in found):
            raise UnusableClusterError(said) from problem
        raise UnreachableClusterError(said) from problem
    problems += await missing_rights(settings)
    problems += await _transaction_problems(settings)
    if problems:
        raise UnusableClusterError("\n".join(problems))
    return created


def fault_of(spec: TopicSpec, existing: Mapping[str, Topic], policies: Mapping[str, str]) -> str | None:
    """What is wrong with an existing topic and what to do, for people; None when it is as it should be.

    A policy that is not known is believed to be right.
    """
    policy = policies.get(spec.name, spec.config.get("cleanup.policy", "delete"))
    if spec.is_compacted and policy != "compact":
        return f"has cleanup.policy={policy}, which forgets state by age: set cleanup.policy=compact on it"
    if not spec.is_compacted and "delete" not in policy:
        return f"has cleanup.policy={policy}, which keeps one record a key: set cleanup.policy=delete on it"
    count = existing[spec.name].partitions
    source = existing.get(spec.like or "")
    if source is not None and source.partitions != count:
        return (
            f"has {count} partitions, but {spec.like} has {source.partitions}: state and events would not lie "
            "together; after a change of the count start with a new SLO_APPLICATION_ID"
        )
    return None


async def _create_missing(admin: AIOKafkaAdminClient, settings: Settings) -> list[str]:
    existing = await existing_topics(admin)
    missing = [spec for spec in topics_needed(settings) if spec.name not in existing]
    if not missing:
        return []
    wanted = [
        NewTopic(
            spec.name,
            num_partitions=existing[spec.like].partitions if spec.like in existing else settings.partitions,
            replication_factor=settings.replication_factor,
            topic_configs=spec.config,
        )
        for spec in missing
    ]
    response = await admin.create_topics(wanted)
    problems = {}
    for name, code, *message in response.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:  # another worker may be starting, too
            problems[name] = f"cannot create topic {name}: {error.__name__}: {' '.join(filter(None, message))}"
        if error is TopicAuthorizationFailedError:
            problems[name] += f" If it exists, allow {in_words(rights_on_topics(settings)[name])} on it"
    for spec in missing:
        if spec.is_optional and spec.name in problems:
            log.warning("%s; going on without it", problems.pop(spec.name))
            missing.remove(spec)
    if problems:
        hint = "Set SLO_REPLICATION_FACTOR to at most the number of brokers, or have the topics created for you."
        raise UnusableClusterError("\n".join([*problems.values(), hint]))
    await _until_visible(admin, [spec.name for spec in missing])
    return [spec.name for spec in missing]


async def _until_visible(admin: AIOKafkaAdminClient, names: list[str]) -> None:
    """A new topic takes a moment to be known to every broker."""
    existing_names: set[str] = set()
    async with asyncio.timeout(_VISIBLE_S):
        while not existing_names.issuperset(names):
            await asyncio.sleep(0.05)
            existing_names = set(await existing_topics(admin))


async def _problems(admin: AIOKafkaAdminClient, settings: Settings) -> list[str]:
    existing = await existing_topics(admin)
    needed = [spec for spec in topics_needed(settings) if spec.name in existing or not spec.is_optional]
    policies = await cleanup_policies(admin, [spec.name for spec in needed])
    unseen = [spec.name for spec in needed if spec.name not in policies]
    if unseen:
        log.warning("cleanup.policy not checked, as DescribeConfigs is not allowed: %s", ", ".join(unseen))
    faults = {spec.name: fault_of(spec, existing, policies) for spec in needed}
    return [f"{name} {fault}" for name, fault in faults.items() if fault is not None]


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
        if problem.retriable:
            raise
        needs = (
            f"The worker needs Write and Describe on transactional ids that begin with {settings.application_id}, and "
            "the brokers' transaction.state.log needs its replicas."
        )
        return [f"the cluster does not allow transactions: {type(problem).__name__}: {problem}. {needs}"]
    finally:
        await producer.stop()
    return []
