"""How a worker is doing, and what follows from that. Pure: the moment is part of what is looked at."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from streams.health.counts import Count
from streams.names import name_of

_NAMED: Final = 10  # partitions in one sentence


@dataclass(frozen=True, slots=True)
class Held:
    """What is held of a partition; `watermark_ms`: None before the first accepted record."""

    watermark_ms: int | None
    series: int
    open_breaches: int
    dirty_rows: int


@dataclass(frozen=True, slots=True)
class PartitionCondition:
    """A partition that was taken over.

    `settled_s`: when none of its work waited for a commit for the last time, on the monotonic clock. `lag`: records
    behind its end, None until that was seen.
    """

    settled_s: float
    lag: int | None
    held: Held


@dataclass(frozen=True, slots=True)
class Assigned:
    """A partition of this worker; `ready` is None while its state is being restored."""

    topic: str
    partition: int
    ready: PartitionCondition | None

    @property
    def name(self) -> str:
        """Name of the partition in logs: slo.webhook.v1[3]."""
        return name_of(self.topic, self.partition)


@dataclass(frozen=True, slots=True)
class ContactCondition:
    """What a worker hears of Kafka, in seconds; nothing but `brokers_away_s` counts while no broker answers.

    `group_heartbeat_age_s`: since the group last took a heartbeat or join of it. `fetch_age_s`: for how long a fetch
    has waited for its answer. `reference_wait_s`: for how long judging has waited for catalogue and exclusions.
    """

    group_heartbeat_age_s: float = 0.0
    fetch_age_s: float = 0.0
    reference_wait_s: float = 0.0
    brokers_away_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ClockCondition:
    """Whether the brokers tell the time, and by how many seconds the worker's own clock is ahead of theirs."""

    is_brokers: bool = False
    own_ahead_s: float | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """A worker at the moment `at_s`, monotonic clock.

    `counts` are since start, by input topic, also of partitions that have gone to other workers. `waits_for` is what
    keeps it from starting its work, in words.
    """

    at_s: float
    has_joined: bool
    partitions: tuple[Assigned, ...]
    counts: dict[str, Counter[Count]]
    contact: ContactCondition = ContactCondition()
    clock: ClockCondition = ClockCondition()
    waits_for: str | None = None

    @property
    def restoring(self) -> list[str]:
        """Names of the assigned partitions that are not taken over yet."""
        return [one.name for one in self.partitions if one.ready is None]


def why_not_live(condition: Condition, limit_s: float) -> str | None:
    """Why the worker makes no progress, for longer than `limit_s`; None if it does.

    While no broker answers there is none to be made, and a worker started anew would wait in its place.
    """
    if condition.contact.brokers_away_s:
        return None
    ages_s = {one.name: condition.at_s - one.ready.settled_s for one in condition.partitions if one.ready}
    late = [f"{name} {age_s:.0f} s" for name, age_s in ages_s.items() if age_s > limit_s]
    if late:
        return f"no commit within {limit_s:g} s: {_some(late)}"
    contact = condition.contact
    for age_s, what in (
        (contact.group_heartbeat_age_s, "the consumer group has taken no heartbeat"),
        (contact.fetch_age_s, "a fetch was not answered"),
        (contact.reference_wait_s, "catalogue and exclusions could not be read to their end"),
    ):
        if age_s > limit_s:
            return f"{what} for {age_s:.0f} s"
    return None


def why_not_ready(condition: Condition, limit_s: float) -> str | None:
    """Why the worker does not judge all that it should; None if it does, also when there is no partition for it."""
    if condition.waits_for is not None:
        return condition.waits_for
    if condition.contact.brokers_away_s:
        return f"no Kafka broker has answered for {condition.contact.brokers_away_s:.0f} s"
    if not condition.has_joined:
        return "not yet in the consumer group"
    restoring = condition.restoring
    return f"being restored: {_some(restoring)}" if restoring else why_not_live(condition, limit_s)


def _some(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
