"""The topics of the gateway, and what it does on them."""

from streams.kafka.rights import READ, WRITE, Rights
from streams.kafka.specs import EVENTS, TopicSpec, synthetic_topic
from streams.settings import Settings


def installations_topic(settings: Settings) -> TopicSpec:
    """Spec of the topic that says who may publish."""
    return TopicSpec(settings.topics.installations, {"cleanup.policy": "compact"})


def used_tokens_topic(settings: Settings) -> TopicSpec:
    """What is claimed, for longer than any token is good; small segments, as each gateway begins near the end."""
    config = {"retention.ms": "3600000", "segment.ms": "600000", "message.timestamp.type": "LogAppendTime"}
    return TopicSpec(settings.topics.used_tokens, config)


def own_topics(settings: Settings) -> list[TopicSpec]:
    """What no worker needs: results of synthetic tests, the installations, and the tokens used for them."""
    return [synthetic_topic(settings), installations_topic(settings), used_tokens_topic(settings)]


def gateway_topics(settings: Settings) -> list[TopicSpec]:
    """What the gateway writes, and the installations, which it reads."""
    return [*(TopicSpec(name, EVENTS) for name in settings.topics.inputs), *own_topics(settings)]


def gateway_rights(settings: Settings) -> Rights:
    """What the gateway does on each of its topics."""
    topics = settings.topics
    return {
        **dict.fromkeys((*topics.inputs, topics.synthetic), WRITE),
        topics.installations: READ,
        topics.used_tokens: READ + WRITE,
    }
