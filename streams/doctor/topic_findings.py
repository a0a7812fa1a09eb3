"""Are the topics there, and set so that nothing is lost and no commit is refused?"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from streams.doctor.finding import Finding, Level, ok, problem, warning
from streams.evaluation.objective import Objective
from streams.gateway.topics_needed import own_topics
from streams.kafka.cluster import Topic, admin_client, existing_topics
from streams.kafka.specs import TopicSpec, cautions_of, topics_needed, topics_of_desk
from streams.plural import number_of
from streams.settings import Settings

# A commit writes batches of 512 KiB, and a misplaced record of up to 900 KB is produced again.
_NEEDED_RECORD_BYTES: Final = 1_000_000
_MANY: Final = 2
_SETTINGS: Final = (
    "cleanup.policy",
    "max.message.bytes",
    "message.timestamp.type",
    "min.compaction.lag.ms",
    "min.insync.replicas",
    "retention.ms",
)

TopicSettings = Mapping[str, str]


async def check_topics(settings: Settings, objectives: Sequence[Objective]) -> list[Finding]:
    """Findings for the topics of a worker, and those of gateway and notifier that are there; one each if all is well.

    Those that are missing are one finding together.

    Raises:
        KafkaError: the brokers do not answer.
    """
    async with admin_client(settings) as admin:
        existing = await existing_topics(admin)
        of_others = [*own_topics(settings), *topics_of_desk(settings)]
        needed = [*topics_needed(settings), *(spec for spec in of_others if spec.name in existing)]
        brokers = len((await admin.describe_cluster())["brokers"])
        set_to, denied = await _settings_of(admin, [spec.name for spec in needed if spec.name in existing])
    longest_ms = _longest_windows_ms(settings, objectives)
    missing = [spec.name for spec in needed if spec.name not in existing]
    findings = [*_too_few_brokers(settings, brokers, missing), *_missing(missing)]
    for spec in needed:
        if spec.name in missing:
            continue
        found = list(_faults(settings, spec, existing, set_to.get(spec.name), longest_ms))
        if spec.name in denied:
            advice = "Allow DescribeConfigs on it, or hold it against README.md by hand."
            found.append(warning(spec.name, f"its settings cannot be read: {denied[spec.name]}", advice))
        if not found:
            topic = existing[spec.name]
            shape = f"{number_of(topic.partitions, 'partition')}, {number_of(topic.replication, 'replica')}"
            found.append(ok(spec.name, f"{shape}, well set"))
        findings += found
    return _together(findings)


def _together(findings: Sequence[Finding]) -> list[Finding]:
    """What is found of several topics is one finding that names them."""
    alike: dict[tuple[Level, str, str], list[str]] = {}
    for one in findings:
        alike.setdefault((one.level, one.said, one.advice), []).append(one.subject)
    return [
        Finding(level, subjects[0], said, advice)
        if len(subjects) < _MANY
        else Finding(level, f"{len(subjects)} topics", f"each {said}:\n{', '.join(subjects)}", advice)
        for (level, said, advice), subjects in alike.items()
    ]


def _too_few_brokers(settings: Settings, brokers: int, missing: Sequence[str]) -> Iterator[Finding]:
    """Of no harm to topics that are there."""
    if brokers < settings.replication_factor:
        has = number_of(brokers, "broker")
        said = f"SLO_REPLICATION_FACTOR={settings.replication_factor}, but the cluster has {has}"
        advice = f"No topic can be created so: set SLO_REPLICATION_FACTOR={brokers}."
        yield (problem if missing else warning)("replication", said, advice)


def _missing(names: Sequence[str]) -> Iterator[Finding]:
    if names:
        said = "\n".join([f"{len(names)} missing, or hidden from this user:", *names])
        advice = "A worker creates them when it may, or: slo-streams topics --create. Of one there, allow Describe."
        yield problem("topics", said, advice)


def _longest_windows_ms(settings: Settings, objectives: Sequence[Objective]) -> dict[str, int]:
    """How long an input record can matter, by topic."""
    longest_ms: Counter[str] = Counter()
    topic_of = {metric.id: topic for topic, metric in settings.topics.inputs.items()}
    for one in objectives:
        topic = topic_of[one.metric]
        longest_ms[topic] = max(longest_ms[topic], one.window_ms + settings.allowed_lateness)
    return longest_ms


def _faults(
    settings: Settings,
    spec: TopicSpec,
    existing: Mapping[str, Topic],
    set_to: TopicSettings | None,
    longest_ms: Mapping[str, int],
) -> Iterator[Finding]:
    name, topic = spec.name, existing[spec.name]
    source = existing.get(spec.like or "")
    if source is not None and source.partitions != topic.partitions:
        said = f"has {number_of(topic.partitions, 'partition')}, but {spec.like} has {source.partitions}"
        yield problem(
            name,
            said,
            "State and events have to lie together: start over with a new SLO_APPLICATION_ID and SLO_REPLACES.",
        )
    if topic.replication < settings.replication_factor:
        replicas = number_of(topic.replication, "replica")
        said = f"has {replicas}, fewer than SLO_REPLICATION_FACTOR={settings.replication_factor}"
        yield warning(name, said, "Add replicas, or set SLO_REPLICATION_FACTOR to what is meant.")
    if set_to is not None:
        for said, command in cautions_of(spec, set_to, settings.bootstrap_servers):
            yield warning(name, said, command)
        yield from _misset(spec, topic, set_to, longest_ms.get(name, 0))


def _misset(spec: TopicSpec, topic: Topic, set_to: TopicSettings, longest_ms: int) -> Iterator[Finding]:
    name, policy = spec.name, set_to["cleanup.policy"]
    if spec.is_compacted and policy != "compact":
        yield problem(name, f"cleanup.policy={policy} forgets state by age", "Set cleanup.policy=compact on it.")
    if not spec.is_compacted and "delete" not in policy:
        said = f"cleanup.policy={policy} keeps one record a key and forgets the rest"
        yield problem(name, said, "Set cleanup.policy=delete on it.")
    if int(set_to["max.message.bytes"]) < _NEEDED_RECORD_BYTES:
        said = f"max.message.bytes={set_to['max.message.bytes']}: larger commits are refused, and the worker ends"
        yield problem(name, said, f"Set max.message.bytes to at least {_NEEDED_RECORD_BYTES}; 1048588 is usual.")
    retention_ms = int(set_to["retention.ms"])
    if longest_ms and "delete" in policy and 0 <= retention_ms < longest_ms:
        said = f"keeps records for {_hours(retention_ms)} h, but its longest window is {_hours(longest_ms)} h"
        advice = f"After a long stop events would be missing: set retention.ms to at least {longest_ms}."
        yield warning(name, said, advice)
    in_sync = int(set_to["min.insync.replicas"])
    if in_sync > topic.replication:
        replicas = number_of(topic.replication, "replica")
        said = f"min.insync.replicas={in_sync}, but it has {replicas}: some brokers refuse all writes"
        yield warning(name, said, "Lower min.insync.replicas, or add replicas.")
    elif in_sync == topic.replication > 1:
        said = f"min.insync.replicas={in_sync} is all of its replicas: one broker that is away stops the work"
        yield warning(name, said, "Set min.insync.replicas to one less than the replicas.")
    elif in_sync == 1 and topic.replication > 2:
        said = "min.insync.replicas=1: what only one broker has counts as committed"
        yield warning(name, said, "Set min.insync.replicas=2, so that the loss of a broker loses nothing.")


def _hours(duration_ms: int) -> str:
    return f"{duration_ms / 3_600_000:.4g}"


async def _settings_of(
    admin: AIOKafkaAdminClient, names: Sequence[str]
) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """Settings by topic, and why those of a topic cannot be read."""
    resources = [ConfigResource(ConfigResourceType.TOPIC, name, dict.fromkeys(_SETTINGS)) for name in names]
    set_to: dict[str, dict[str, str]] = {}
    denied: dict[str, str] = {}
    for response in await admin.describe_configs(resources) if resources else []:
        for code, message, _type, name, entries in response.resources:
            if code:
                denied[name] = message or f"error {code}"
            else:
                set_to[name] = {entry[0]: entry[1] for entry in entries}
    return set_to, denied
