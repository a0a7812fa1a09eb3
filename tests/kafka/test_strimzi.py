"""What an operator of Kubernetes is asked for is what a worker asks for itself."""

import re
from typing import Any

from streams.gateway.topics_needed import own_topics
from streams.kafka.rights import rights_on_topics
from streams.kafka.specs import topics_needed
from streams.kafka.strimzi import strimzi_resources
from streams.settings import Settings

SETTINGS = Settings(topic_prefix="Acme_prod.", application_id="acme", partitions=64, replication_factor=3)
TOPICS = [*topics_needed(SETTINGS), *own_topics(SETTINGS)]


def of_kind(kind: str) -> list[dict[str, Any]]:
    return [one for one in strimzi_resources(SETTINGS, TOPICS, "main") if one["kind"] == kind]


def test_every_topic_is_there_as_it_should_be() -> None:
    specs = {one["spec"]["topicName"]: one["spec"]["config"] for one in of_kind("KafkaTopic")}
    assert specs == {spec.name: spec.config for spec in TOPICS}
    assert {(one["spec"]["partitions"], one["spec"]["replicas"]) for one in of_kind("KafkaTopic")} == {(64, 3)}


def test_names_are_such_as_kubernetes_takes() -> None:
    names = [one["metadata"]["name"] for kind in ("KafkaTopic", "KafkaUser") for one in of_kind(kind)]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", name) for name in names)


def test_the_user_has_the_rights_that_a_worker_checks_and_no_other() -> None:
    (user,) = of_kind("KafkaUser")
    acls = user["spec"]["authorization"]["acls"]
    on_topics = {
        one["resource"]["name"]: {operation.upper() for operation in one["operations"]}
        for one in acls
        if one["resource"]["type"] == "topic"
    }
    needed = rights_on_topics(SETTINGS)
    assert on_topics == {topic: {operation.name for operation in rights} for topic, rights in needed.items()}
    others = [one["resource"] for one in acls if one["resource"]["type"] != "topic"]
    assert [(one["type"], one["name"], one["patternType"]) for one in others] == [
        ("group", "acme", "literal"),
        ("transactionalId", "acme-", "prefix"),
    ]
