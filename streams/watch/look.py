"""What the latest heartbeats tell at one moment. Pure: the moment is part of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from streams.names import name_of

Place = tuple[str, int]
"""Input topic and partition."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The latest heartbeat of a partition: when the broker took it, epoch ms, and how many records were left."""

    at_ms: int
    lag: int | None
    worker: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A partition at one moment; `age_s` and `lag` are None where no worker ever told of it, or of its end."""

    topic: str
    partition: int
    age_s: float | None
    lag: int | None
    worker: str | None

    @property
    def name(self) -> str:
        """As logs name it: slo.webhook.v1[3]."""
        return name_of(self.topic, self.partition)


def look(partitions: Mapping[str, int], heard: Mapping[Place, Heard], now_ms: int) -> list[Seen]:
    """Every input partition; `partitions` counts them by topic."""
    seen = []
    for topic, count in partitions.items():
        for partition in range(count):
            found = heard.get((topic, partition))
            if found is None:
                seen.append(Seen(topic, partition, None, None, None))
            else:
                seen.append(Seen(topic, partition, max(0, now_ms - found.at_ms) / 1_000, found.lag, found.worker))
    return seen


def missing(seen: list[Seen], older_than_s: float) -> list[Seen]:
    """Those that nobody judges: no heartbeat, or none for longer than that."""
    return [one for one in seen if one.age_s is None or one.age_s > older_than_s]


def lagging(seen: list[Seen], most: int) -> list[Seen]:
    """Those with more records left than that."""
    return [one for one in seen if one.lag is not None and one.lag > most]
