"""Topics made ready on a real broker."""

import asyncio

import pytest

from streams.kafka.cluster import admin_client, topic_settings
from streams.kafka.specs import EVENTS, TopicSpec, cautions_of, topics_needed
from streams.kafka.topic_setup import UnusableClusterError, ensure_topics, prepare_topics
from streams.names import WEBHOOK
from streams.settings import Settings
from tests.kafka_fixture import Kafka

TOO_MANY_REPLICAS = 9


def ensured(kafka: Kafka, *needed: TopicSpec) -> list[str]:
    settings = Settings(bootstrap_servers=kafka.bootstrap_servers, replication_factor=TOO_MANY_REPLICAS)
    return asyncio.run(ensure_topics(settings, needed, {}))


def test_however_many_optional_topics_cannot_be_had_it_goes_on(
    kafka: Kafka, topic_prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    names = [f"{topic_prefix}{number}" for number in range(4)]
    assert ensured(kafka, *(TopicSpec(name, is_optional=True) for name in names)) == []
    said = [record.getMessage() for record in caplog.records if "going on without it" in record.getMessage()]
    assert len(said) == len(names)
    assert all(name in line for name, line in zip(names, said, strict=True))


def test_one_that_is_needed_is_asked_for(kafka: Kafka, topic_prefix: str) -> None:
    optional, needed = f"{topic_prefix}optional", f"{topic_prefix}needed"
    with pytest.raises(UnusableClusterError, match=needed) as refused:
        ensured(kafka, TopicSpec(optional, is_optional=True), TopicSpec(needed))
    assert optional not in str(refused.value)


def test_one_reason_is_told_once_for_all_topics(kafka: Kafka, topic_prefix: str) -> None:
    names = [f"{topic_prefix}{number}" for number in range(3)]
    with pytest.raises(UnusableClusterError) as refused:
        ensured(kafka, *map(TopicSpec, names))
    assert str(refused.value).splitlines()[0] == (
        f"cannot create 3 topics with {TOO_MANY_REPLICAS} replicas: the cluster has 1 broker. "
        "Set SLO_REPLICATION_FACTOR=1"
    )


def test_topics_that_are_made_are_set_as_they_should_be(kafka: Kafka, topic_prefix: str) -> None:
    settings = own_settings(kafka, topic_prefix)

    async def made() -> dict[str, dict[str, str]]:
        await prepare_topics(settings)
        async with admin_client(settings) as admin:
            return await topic_settings(admin, [spec.name for spec in topics_needed(settings)])

    set_to = asyncio.run(made())
    stamped = {name for name, its in set_to.items() if its["message.timestamp.type"] == "LogAppendTime"}
    assert stamped == {*settings.topics.inputs, settings.topics.heartbeat}
    long_known = {name for name, its in set_to.items() if its["min.compaction.lag.ms"] == str(35 * 86_400_000)}
    assert long_known == set(settings.topics.reference)
    for spec in topics_needed(settings):
        assert cautions_of(spec, set_to[spec.name], settings.bootstrap_servers) == []


def test_a_topic_where_producers_tell_the_time_is_left_as_it_is_and_named(
    kafka: Kafka, topic_prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings = own_settings(kafka, topic_prefix)
    topic = settings.topics.input(WEBHOOK)

    async def prepare() -> dict[str, dict[str, str]]:
        await kafka.create_topic(topic, partitions=1)
        await prepare_topics(settings)
        async with admin_client(settings) as admin:
            return await topic_settings(admin, [topic])

    assert asyncio.run(prepare())[topic]["message.timestamp.type"] == "CreateTime"
    (said,) = [record.getMessage() for record in caplog.records if topic in record.getMessage()]
    assert "message.timestamp.type=CreateTime: a producer whose clock is fast moves time for all" in said
    assert said.endswith(f"--entity-name {topic} --add-config message.timestamp.type=LogAppendTime")


def test_a_topic_of_which_nothing_is_known_is_believed_to_be_right() -> None:
    assert cautions_of(TopicSpec("slo.webhook.v1", EVENTS), {}, "kafka:9092") == []


def own_settings(kafka: Kafka, topic_prefix: str) -> Settings:
    return Settings(
        bootstrap_servers=kafka.bootstrap_servers,
        topic_prefix=topic_prefix,
        application_id=f"{topic_prefix}app",
        partitions=1,
        replication_factor=1,
    )
