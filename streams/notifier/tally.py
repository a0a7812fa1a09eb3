"""What a notifier counts, for `/metrics`: attempts by channel and outcome, and how the deliveries of all stand."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from streams.notifier.channel import Accepted, Outcome, Permanent, Temporary, Unauthorised

OUTCOMES: Final[Mapping[type[Outcome], str]] = {
    Accepted: "accepted",
    Temporary: "later",
    Permanent: "refused",
    Unauthorised: "unauthorised",
}


class Tally(Collector):
    """Attempts of this notifier since it was started; and how the deliveries of all notifiers stand, as last seen."""

    def __init__(self) -> None:
        self._attempts: Counter[tuple[str, str]] = Counter()
        self._channels: list[str] = []
        self._due: Mapping[str, tuple[int, float]] = {}
        self._dead: Mapping[str, int] = {}
        self._paused: Mapping[str, int] = {}

    def open(self, channel: str) -> None:
        """Count by this channel, too: from nought, so that the first of each is a rise."""
        self._channels.append(channel)
        self._attempts.update(dict.fromkeys(((channel, name) for name in OUTCOMES.values()), 0))

    def see(self, due: Mapping[str, tuple[int, float]], dead: Mapping[str, int], paused: Mapping[str, int]) -> None:
        """By channel: how many wait, and for how many seconds at most; how many are dead, and what is paused."""
        self._due, self._dead, self._paused = due, dead, paused

    def sent(self, channel: str, outcome: Outcome) -> None:
        """One attempt."""
        self._attempts[channel, OUTCOMES[type(outcome)]] += 1

    def collect(self) -> Iterator[Metric]:
        """For Prometheus."""
        attempts = CounterMetricFamily(
            "slo_streams_delivery_attempts", "Attempts to deliver.", labels=("channel", "outcome")
        )
        for (channel, outcome), count in self._attempts.items():
            attempts.add_metric([channel, outcome], count)
        yield attempts
        due = {name: self._due.get(name, (0, 0.0)) for name in {*self._channels, *self._due}}
        yield _by_channel("deliveries_due", "Deliveries that wait.", {name: one[0] for name, one in due.items()})
        oldest = {name: one[1] for name, one in due.items()}
        yield _by_channel("deliveries_oldest_due_seconds", "For how long one has waited at most.", oldest)
        dead = {**dict.fromkeys(self._channels, 0), **self._dead}
        yield _by_channel("deliveries_dead", "Dead letters: slo-streams deliveries list --state dead.", dead)
        paused = {**dict.fromkeys(self._channels, 0), **self._paused}
        yield _by_channel("deliveries_paused", "Servers or targets where nothing gets through.", paused)


def _by_channel(name: str, text: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"slo_streams_{name}", text, labels=("channel",))
    for channel, value in values.items():
        family.add_metric([channel], value)
    return family
