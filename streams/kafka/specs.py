"""What the topics of a worker have to be like."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from streams.kafka.cluster import Topic
from streams.names import METRICS, changelog
from streams.settings import Settings

_COMPACT = {"cleanup.policy": "compact"}
# A restart has to learn anew which version of an exclusion was known when: none is merged away while it may matter.
_EXCLUSIONS = _COMPACT | {"min.compaction.lag.ms": str(35 * 86_400_000)}
# Dirty rows are written every second: without a small segment a changelog would grow to gigabytes before compaction.
_CHANGELOG = _COMPACT | {"segment.bytes": str(64 * 1024 * 1024), "min.cleanable.dirty.ratio": "0.3"}


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic as it should be. `like` names the topic whose partition count it has to have.

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
