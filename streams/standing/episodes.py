"""Episodes: breaches that follow each other closely are one, so that an outage of many URLs counts once.

Formed over all breaches, counted or not: formed over the counted ones alone, an excuse could split an episode in two,
and raise a stage.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from streams.standing.facts import Breach, Facts, Rules


@dataclass(frozen=True, slots=True)
class Episode:
    """Breaches of an app that begin within an hour after the latest end before them.

    `start_ms` is its time, the first breach; `end_ms` None while one of them stands.
    """

    breaches: tuple[Breach, ...]

    @property
    def start_ms(self) -> int:
        """When its first breach began."""
        return self.breaches[0].breached_ms

    @property
    def end_ms(self) -> int | None:
        """When its last one ended."""
        ends_ms = [one.recovered_ms for one in self.breaches if one.recovered_ms is not None]
        return max(ends_ms) if len(ends_ms) == len(self.breaches) else None

    @property
    def counts(self) -> bool:
        """Whether any of its breaches does."""
        return any(one.excuse is None for one in self.breaches)

    @property
    def why(self) -> str | None:
        """Why it does not count, in the words of its first excuse; None where it counts."""
        return None if self.counts else self.breaches[0].excuse


def episodes_of(facts: Facts, rules: Rules) -> list[Episode]:
    """Episodes in the order of time."""
    in_order = sorted(facts.breaches, key=lambda one: (one.breached_ms, one.incident_id))
    return list(_joined(in_order, rules.episode_gap_ms))


def _joined(breaches: Iterable[Breach], gap_ms: int) -> Iterable[Episode]:
    running: list[Breach] = []
    end_ms: int | None = 0  # the latest of those that run; None while one of them stands
    for breach in breaches:
        if running and end_ms is not None and breach.breached_ms > end_ms + gap_ms:
            yield Episode(tuple(running))
            running, end_ms = [], 0
        running.append(breach)
        end_ms = None if end_ms is None or breach.recovered_ms is None else max(end_ms, breach.recovered_ms)
    if running:
        yield Episode(tuple(running))
