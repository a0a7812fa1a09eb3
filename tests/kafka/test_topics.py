"""Topics made ready on a real broker."""

import asyncio

import pytest

from streams.kafka.specs import TopicSpec
from streams.kafka.topics import UnusableClusterError, ensure_topics
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
