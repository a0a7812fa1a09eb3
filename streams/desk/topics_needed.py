"""The topics that the desk writes."""

from streams.kafka.specs import TopicSpec
from streams.settings import Settings


def desk_topics(settings: Settings) -> list[TopicSpec]:
    """What no worker needs: where apps stand, and the incidents."""
    topics = settings.topics
    return [TopicSpec(name, {"cleanup.policy": "compact"}) for name in (topics.standing, topics.incidents)]
