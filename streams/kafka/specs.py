"""What the topics of a worker have to be like."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from streams.kafka.cluster import Topic
from streams.names import METRICS, changelog
from streams.settings import Settings

_LAG = "min.compaction.lag.ms"
_DAY_MS = 86_400_000

_COMPACT = {"cleanup.policy": "compact"}
# A restart has to learn anew which version of an exclusion was known when: none is merged away while it may matter.
_EXCLUSIONS = _COMPACT | {_LAG: str(35 * _DAY_MS)}
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


def fault_of(spec: TopicSpec, existing: Mapping[str, Topic], set_to: Mapping[str, Mapping[str, str]]) -> str | None:
    """What is wrong with an existing topic and what to do, for people; None when it is as it should be.

    `set_to` are settings by topic; of one that is not known they are believed to be right.
    """
    policy = set_to.get(spec.name, spec.config).get("cleanup.policy", "delete")
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


def caution_of(spec: TopicSpec, set_to: Mapping[str, str]) -> tuple[str, str] | None:
    """What may go wrong with a topic that can be used, and what to do, for people; None when it is set well.

    `set_to` are the settings of the topic; what is not among them is believed to be right.
    """
    wanted_ms = int(spec.config.get(_LAG, 0))
    lag_ms = int(set_to.get(_LAG, wanted_ms))
    if lag_ms >= wanted_ms:
        return None
    said = f"has {_LAG}={lag_ms}: after a restart nobody may know any more when an exclusion was announced, or moved"
    return said, f"Set {_LAG} to at least {wanted_ms} ({wanted_ms // _DAY_MS} days) on it."
