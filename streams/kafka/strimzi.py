"""Topics and the worker's user as resources of Strimzi, for clusters whose topics are made by an operator.

Source: the KafkaTopic and KafkaUser of kafka.strimzi.io/v1.
"""

import re
from collections.abc import Iterable
from typing import Any, Final

from streams.kafka.rights import rights_on_topics
from streams.kafka.specs import TopicSpec
from streams.settings import Settings

_API: Final = "kafka.strimzi.io/v1"


def strimzi_resources(settings: Settings, topics: Iterable[TopicSpec], cluster: str) -> list[dict[str, Any]]:
    """A KafkaTopic for each of the topics, and the KafkaUser of the worker, with the rights it needs and no other."""
    labels = {"strimzi.io/cluster": cluster}
    return [*(_topic(settings, spec, labels) for spec in topics), _user(settings, labels)]


def _topic(settings: Settings, spec: TopicSpec, labels: dict[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": _API,
        "kind": "KafkaTopic",
        "metadata": {"name": _name(spec.name), "labels": labels},
        "spec": {
            "topicName": spec.name,
            "partitions": settings.partitions,
            "replicas": settings.replication_factor,
            "config": spec.config,
        },
    }


def _user(settings: Settings, labels: dict[str, str]) -> dict[str, Any]:
    rights = [
        _right("topic", topic, "literal", [operation.name.capitalize() for operation in operations])
        for topic, operations in rights_on_topics(settings).items()
    ]
    rights.append(_right("group", settings.application_id, "literal", ["Read"]))
    rights.append(_right("transactionalId", f"{settings.application_id}-", "prefix", ["Write", "Describe"]))
    return {
        "apiVersion": _API,
        "kind": "KafkaUser",
        "metadata": {"name": _name(f"{settings.application_id}-worker"), "labels": labels},
        "spec": {"authentication": {"type": "scram-sha-512"}, "authorization": {"type": "simple", "acls": rights}},
    }


def _right(kind: str, name: str, pattern: str, operations: list[str]) -> dict[str, Any]:
    return {"resource": {"type": kind, "name": name, "patternType": pattern}, "operations": operations}


def _name(of: str) -> str:
    """A name that Kubernetes takes: small letters, digits, '.' and '-' (RFC 1123)."""
    return re.sub(r"[^a-z0-9.-]+", "-", of.lower()).strip(".-")
