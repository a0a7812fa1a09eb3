"""Topics made ready: created when missing, and checked before anything is read.

What cannot work is refused with a sentence an operator can act on: a topic in the wrong shape would lose state quietly.
"""

import asyncio
import logging
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    InvalidReplicationFactorError,
    KafkaConnectionError,
    KafkaError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    for_code,
)

from streams.exits import RefusalError
from streams.kafka.cluster import admin_client, existing_topics, topic_settings
from streams.kafka.connection import client_options
from streams.kafka.rights import Operation, Rights, in_words, missing_rights, rights_on_topics
from streams.kafka.servers import obstacles
from streams.kafka.specs import TopicSpec, cautions_of, fault_of, topics_needed
from streams.plural import number_of
from streams.settings import Settings

log = logging.getLogger(__name__)

_VISIBLE_S = 30
_DESCRIBE = (Operation.DESCRIBE,)


class UnusableClusterError(RefusalError):
    """The cluster, its topics or our rights on it do not allow the work; has a line for each reason."""


class UnreachableClusterError(UnusableClusterError):
    """No broker answers: it may be about to start, or to come back."""


async def prepare_topics(settings: Settings) -> list[str]:
    """Topics, rights and transactions of a worker: `ensure_topics`, and check what else it needs.

    Raises:
        UnreachableClusterError: no broker answers.
        UnusableClusterError: with every reason found.
    """
    created, problems, cautions = await _ensure(settings, topics_needed(settings), rights_on_topics(settings))
    for caution in cautions:
        log.warning("%s", caution)
    problems += await missing_rights(settings)
    problems += await _transaction_problems(settings)
    if problems:
        raise UnusableClusterError("\n".join(problems))
    return created


async def ensure_topics(settings: Settings, needed: Sequence[TopicSpec], rights: Rights) -> list[str]:
    """Create what is missing, check what is there and change nothing of it; the names of those created.

    Takes the right to create what is missing and to describe the rest. `rights` are what the caller will need on them.

    Raises:
        UnreachableClusterError: no broker answers.
        UnusableClusterError: with every reason found.
    """
    created, problems, _ = await _ensure(settings, needed, rights)
    if problems:
        raise UnusableClusterError("\n".join(problems))
    return created


async def _ensure(
    settings: Settings, needed: Sequence[TopicSpec], rights: Rights
) -> tuple[list[str], list[str], list[str]]:
    """What was created, what is wrong, and what may go wrong."""
    try:
        async with admin_client(settings) as admin:
            created = await _create_missing(admin, settings, needed, rights)
            return created, *await _look_through(settings, admin, needed)
    except KafkaConnectionError as problem:
        found = await obstacles(settings)
        refusal = f"no Kafka broker answers at {settings.bootstrap_servers} as it should"
        said = "\n".join([refusal, *(obstacle.said for obstacle in found)])
        if any(obstacle.is_for_good for obstacle in found):
            raise UnusableClusterError(said) from problem
        raise UnreachableClusterError(said) from problem


async def _create_missing(
    admin: AIOKafkaAdminClient, settings: Settings, needed: Sequence[TopicSpec], rights: Rights
) -> list[str]:
    existing = await existing_topics(admin)
    missing = [spec for spec in needed if spec.name not in existing]
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
    brokers = len((await admin.describe_cluster())["brokers"])
    refused = {}
    for name, code, *message in response.topic_errors:
        error = for_code(code)
        if not code or error is TopicAlreadyExistsError:  # another one may be starting, too
            continue
        refused[name] = f": {error.__name__}: {' '.join(filter(None, message))}"
        if error is TopicAuthorizationFailedError:
            refused[name] += f" If it exists, allow {in_words(rights.get(name, _DESCRIBE))} on it"
        if error is InvalidReplicationFactorError and brokers < settings.replication_factor:
            refused[name] = _too_few(brokers, settings.replication_factor)
    created = [spec.name for spec in missing if spec.name not in refused]
    for spec in missing:
        if spec.is_optional and spec.name in refused:
            log.warning("%s; going on without it", _cannot_create([spec.name], refused.pop(spec.name)))
    if refused:
        reasons = [
            _cannot_create([name for name in refused if refused[name] == why], why)
            for why in dict.fromkeys(refused.values())
        ]
        raise UnusableClusterError("\n".join([*reasons, "Or have the topics created for you."]))
    await _until_visible(admin, created)
    return created


def _too_few(brokers: int, replicas: int) -> str:
    has = number_of(brokers, "broker")
    return f" with {replicas} replicas: the cluster has {has}. Set SLO_REPLICATION_FACTOR={brokers}"


def _cannot_create(names: Sequence[str], why: str) -> str:
    """Sentence for one reason and all topics that it prevents; several are named below it."""
    if len(names) == 1:
        return f"cannot create topic {names[0]}{why}"
    return f"cannot create {number_of(len(names), 'topic')}{why}\n  {', '.join(names)}"


async def _until_visible(admin: AIOKafkaAdminClient, names: list[str]) -> None:
    """Wait until every broker knows the new topics."""
    existing_names: set[str] = set()
    async with asyncio.timeout(_VISIBLE_S):
        while not existing_names.issuperset(names):
            await asyncio.sleep(0.05)
            existing_names = set(await existing_topics(admin))


async def _look_through(
    settings: Settings, admin: AIOKafkaAdminClient, wanted: Sequence[TopicSpec]
) -> tuple[list[str], list[str]]:
    """What is wrong, and what may go wrong."""
    existing = await existing_topics(admin)
    needed = [spec for spec in wanted if spec.name in existing or not spec.is_optional]
    set_to = await topic_settings(admin, [spec.name for spec in needed])
    unseen = [spec.name for spec in needed if spec.name not in set_to]
    if unseen:
        log.warning("settings not checked, as DescribeConfigs is not allowed: %s", ", ".join(unseen))
    faults = {spec.name: fault_of(spec, existing, set_to) for spec in needed}
    cautions = [
        f"{spec.name} {said}. To mend it: {command}"
        for spec in needed
        for said, command in cautions_of(spec, set_to.get(spec.name, {}), settings.bootstrap_servers)
    ]
    return [f"{name} {fault}" for name, fault in faults.items() if fault is not None], cautions


async def _transaction_problems(settings: Settings) -> list[str]:
    """Whether the cluster lets us write in transactions at all."""
    producer = AIOKafkaProducer(
        **client_options(settings),
        transactional_id=f"{settings.application_id}-startup-check",
        transaction_timeout_ms=settings.transaction_timeout,  # as its commits will have: brokers allow only so much
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
