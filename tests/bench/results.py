"""Measured values, and whether they reach the goals."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final

from tests.bench.peers.catalogue import CHUNKS

Name = tuple[str, str]
"""(part, what is measured, with its unit)."""
BEST_PEER: Final = "Flink SQL, parallelism 1"
COMMON_PEER: Final = "Kafka Streams"
SHARE_OF_TRANSPORT: Final = f"share of {CHUNKS}, warm"


@dataclass(frozen=True, slots=True)
class Goal:
    """Bounds for the median of all rounds, in a part of this name, with whatever number of events."""

    name: Name
    at_least: float | None = None
    at_most: float | None = None

    def is_meant(self, name: Name) -> bool:
        """Whether it speaks of this value."""
        part, what = self.name
        return name[1] == what and (name[0] == part or name[0].startswith(f"{part} @ "))

    def is_reached(self, value: float) -> bool:
        """Whether a value lies within the bounds."""
        return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)


GOALS: Final = (
    Goal(("slo-streams, one worker", "events per CPU second, warm"), at_least=700_000),
    Goal(("slo-streams, one worker", "times raw aiokafka: fetch, orjson, count"), at_least=1.0),
    Goal(("slo-streams, one worker", SHARE_OF_TRANSPORT), at_least=0.65),
    Goal(("slo-streams, one worker", f"times {BEST_PEER}, warm"), at_least=2.0),
    Goal(("slo-streams, one worker", f"times {COMMON_PEER}, warm"), at_least=15.0),
    Goal(("slo-streams, two workers", "CPU, times one worker's"), at_most=1.1),
    Goal(("live, slo-streams @ 10,000/s, 100,000 apps", "CPU, times the better peer's"), at_most=1 / 3),
    Goal(("live, slo-streams @ 10,000/s, 100,000 apps", "p99, times the better peer's"), at_most=1.0),
    Goal(("restore", "rows per second"), at_least=200_000),
    Goal(("SIGKILL", "judged up to now, s beyond the session timeout"), at_most=6.0),
    Goal(("SIGKILL, with a warm standby", "judged up to now, s beyond the session timeout"), at_most=1.0),
    Goal(("SIGTERM, with a warm standby", "judged up to now, s"), at_most=1.0),
    Goal(("SIGTERM, and started anew under its own name", "judged up to now, s"), at_most=1.0),
    Goal(("series = 100000", SHARE_OF_TRANSPORT), at_least=0.36),
    Goal(("series = 1000000", SHARE_OF_TRANSPORT), at_least=0.15),
    Goal(("written = an unknown field", "times a known, numeric event"), at_most=1.3),
    Goal(("written = a time as text", "times a known, numeric event"), at_most=1.3),
    Goal(("panes a window", "1440 : 15 panes"), at_most=1.15),
    Goal(("alerts at once", "share of a bare sender's rate"), at_least=0.8),
    Goal(("live mail", "boundary to accepted mail, s, p99"), at_most=2.0),
    Goal(("1,000 apps", "share of unpacking, decoding and counting alone"), at_least=0.5),
    Goal(("100,000 apps", "share of unpacking, decoding and counting alone"), at_least=0.2),
    Goal(("fleet", "bytes of a series-month"), at_most=20_000),
    Goal(("fleet", "restart, s"), at_most=30.0),
    Goal(("fleet", "delay of a visible event, s, p99"), at_most=5.0),
    Goal(("fleet", "month of an app, three series with latencies, CPU ms"), at_most=100.0),
    Goal(("fleet", "the same with an hour excluded for all, CPU s"), at_most=30.0),
    Goal(("fleet", "fleet page, server, ms"), at_most=50.0),
    Goal(("gateway", "calls per CPU second, times a bare endpoint that answers at once"), at_least=0.5),
    Goal(("start", "slo-streams --help, CPU s"), at_most=0.3),
    Goal(("start", "slo-streams status, CPU s"), at_most=0.8),
    Goal(("pages", "fleet page, server, ms"), at_most=50),
    Goal(("pages", "app page, server, ms"), at_most=100),
    Goal(("pages", "fleet page, first paint on a CPU 4 times as slow, ms"), at_most=1_000),
    Goal(("pages", "app page, first paint on a CPU 4 times as slow, ms"), at_most=1_000),
    Goal(("pages", "app page with its charts, kB over the wire"), at_most=300),
    Goal(("pages", "a chart of three, 8,064 points each, moved: frames a second"), at_least=30),
    Goal(("pages", "a chart of three, 8,064 points each, moved: ms of CPU a frame"), at_most=1_000 / 30),
)


@dataclass(slots=True)
class Results:
    """Values by name, one for each round, in the order they were first measured."""

    values: dict[Name, list[float]] = field(default_factory=dict)

    def add(self, reading: Mapping[Name, float]) -> None:
        """Take in one reading."""
        for name, value in reading.items():
            self.values.setdefault(name, []).append(value)

    def judged(self) -> Iterator[tuple[Goal, Name, float, bool]]:
        """Goals whose value was measured, with its name, the median, and whether it reaches them."""
        for goal in GOALS:
            for name, values in self.values.items():
                if goal.is_meant(name):
                    yield goal, name, median(values), goal.is_reached(median(values))

    def document(self, known: Mapping[str, Any], *, load: float = 0.0, **context: object) -> dict[str, Any]:
        """The results as JSON has them; `context` says what was run, and where.

        Of `known`, an earlier document, the parts stay that were not measured now; `load` is the load average.
        """
        parts = {part for part, _ in self.values}
        kept = [entry for entry in known.get("measured", []) if entry["part"] not in parts]
        both = Results({(entry["part"], entry["what"]): entry["rounds"] for entry in kept} | self.values)
        return {
            **context,
            "measured": [
                *kept,
                *(
                    {"part": part, "what": what, "median": median(values), "rounds": values, "loadAverage": load}
                    for (part, what), values in self.values.items()
                ),
            ],
            "goals": [
                {
                    "part": part,
                    "what": what,
                    "atLeast": goal.at_least,
                    "atMost": goal.at_most,
                    "median": value,
                    "reached": reached,
                }
                for goal, (part, what), value, reached in both.judged()
            ],
        }


def medians(document: Mapping[str, Any]) -> dict[Name, float]:
    """The medians of a document by name."""
    return {(entry["part"], entry["what"]): entry["median"] for entry in document["measured"]}
