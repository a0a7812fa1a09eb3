"""What the topics of a worker have to be like."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from streams.exits import START_OVER
from streams.kafka.cluster import Topic
from streams.names import METRICS, changelog
from streams.plural import number_of
from streams.settings import Settings

_DAY_MS: Final = 86_400_000


def _kept_for(days: int) -> dict[str, str]:
    return {"cleanup.policy": "delete", "retention.ms": str(days * _DAY_MS)}


_LAG: Final = "min.compaction.lag.ms"
_STAMP: Final = "message.timestamp.type"
_APPENDED: Final = {_STAMP: "LogAppendTime"}
_CREATED: Final = {_STAMP: "CreateTime"}

_COMPACT: Final = {"cleanup.policy": "compact"}
# Time moves by what the broker saw, so that the clock of one producer cannot move it for all others.
EVENTS: Final = _kept_for(7) | _APPENDED
# Operators write them, also for the past: the time when a thing was known is theirs to say. A restart has to learn anew
# which version was known when, so none is merged away while it may matter.
_REFERENCE: Final = _COMPACT | _CREATED | {_LAG: str(35 * _DAY_MS)}
_HEARTBEAT: Final = _COMPACT | _APPENDED
# Dirty rows are written every second: without a small segment a changelog would grow to gigabytes before compaction.
_CHANGELOG: Final = _COMPACT | {"segment.bytes": str(64 * 1024 * 1024), "min.cleanable.dirty.ratio": "0.3"}


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


def topics_read(settings: Settings) -> list[TopicSpec]:
    """Whatever events are counted by."""
    topics = settings.topics
    return [
        *(TopicSpec(name, EVENTS) for name in topics.inputs),
        *(TopicSpec(name, _REFERENCE) for name in topics.reference),
    ]


def topics_told(settings: Settings) -> list[TopicSpec]:
    """Whatever the notifier reads."""
    topics = settings.topics
    return [TopicSpec(topics.alerts, _kept_for(35)), *(TopicSpec(name, _REFERENCE) for name in topics.reference)]


def topics_stored(settings: Settings) -> list[TopicSpec]:
    """Whatever history keeps."""
    return [*topics_read(settings), synthetic_topic(settings), alerts_topic(settings)]


def synthetic_topic(settings: Settings) -> TopicSpec:
    """Events that only history reads."""
    return TopicSpec(settings.topics.synthetic, EVENTS)


def alerts_topic(settings: Settings) -> TopicSpec:
    """What the worker and history publish, and history keeps."""
    return TopicSpec(settings.topics.alerts, _kept_for(35))


def topics_of_history(settings: Settings) -> list[TopicSpec]:
    """Whatever history keeps, and where it publishes."""
    return [*topics_stored(settings), TopicSpec(settings.topics.alert_state, _COMPACT)]


def topics_needed(settings: Settings) -> list[TopicSpec]:
    """Every topic of the worker, inputs first."""
    topics = settings.topics
    return [
        *topics_read(settings),
        alerts_topic(settings),
        TopicSpec(topics.alert_state, _COMPACT),
        TopicSpec(topics.rejected, _kept_for(14)),
        *([TopicSpec(topics.heartbeat, _HEARTBEAT, is_optional=True)] if settings.heartbeat_interval else []),
        *(
            TopicSpec(changelog(settings.application_id, metric), _CHANGELOG, like=topics.input(metric))
            for metric in METRICS.values()
        ),
    ]


def topics_of_desk(settings: Settings) -> list[TopicSpec]:
    """Whatever the desk publishes to."""
    return [TopicSpec(settings.topics.standing, _COMPACT), TopicSpec(settings.topics.incidents, _COMPACT)]


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
            f"has {number_of(count, 'partition')}, but {spec.like} has {source.partitions}: state and events would not "
            f"lie together; after a change of the count {START_OVER}"
        )
    return None


def cautions_of(spec: TopicSpec, set_to: Mapping[str, str], servers: str) -> list[tuple[str, str]]:
    """What may go wrong with a topic that can be used, and the command that mends it on `servers`, for people.

    `set_to` are the settings of the topic; what is not among them is believed to be right.
    """
    wanted_lag_ms = int(spec.config.get(_LAG, 0))
    lag_ms = int(set_to.get(_LAG, wanted_lag_ms))
    wanted_stamp = spec.config.get(_STAMP)
    stamp = set_to.get(_STAMP, wanted_stamp)
    cautions = []
    if lag_ms < wanted_lag_ms:
        said = f"has {_LAG}={lag_ms}: after a restart nobody may know any more which version held when"
        cautions.append((said, _mend(spec, servers, _LAG, wanted_lag_ms)))
    if wanted_stamp is not None and stamp != wanted_stamp:
        said = f"has {_STAMP}={stamp}: {_RISKS[wanted_stamp, spec.is_compacted]}"
        cautions.append((said, _mend(spec, servers, _STAMP, wanted_stamp)))
    return cautions


_RISKS: Final = {
    ("LogAppendTime", False): "a producer whose clock is fast moves time for all, whose events are then too late",
    ("LogAppendTime", True): "in silence each worker judges by the clock of its own machine",
    ("CreateTime", True): "what is written later than it was known, as history, counts from when it was written",
}
"""Of another `message.timestamp.type` than this one, on a topic that is compacted or not."""


def _mend(spec: TopicSpec, servers: str, name: str, value: object) -> str:
    return (
        f"kafka-configs.sh --bootstrap-server {servers} --alter --entity-type topics --entity-name {spec.name} "
        f"--add-config {name}={value}"
    )
