"""The cases of the kit: the scenarios, and logs at random with all that goes wrong; judged by the naive model."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from streams.durations import duration_ms
from streams.evaluation.objective import Objective
from streams.replay.line import ReplayRecord, line_of
from tests.conformance.openslo import openslo
from tests.laws.agreement import UNTIL_MS, at_home
from tests.model import Alert, Record, judge
from tests.model.build import clock_ms
from tests.model.copies import APPLICATION, is_foreign, is_rerouted
from tests.model.generate import LATENESS_MS, random_log, random_objectives
from tests.model.invariants import boundary_order
from tests.scenarios.scenario import read_scenario

FOLDER: Final = Path(__file__).parent / "cases"
_SCENARIOS: Final = Path(__file__).parents[1] / "scenarios"
_SEEDS: Final = range(8)
_EVENTS: Final = 120
_MOST_EVENTS: Final = 3_000  # longer ones would be most of the kit


class Case(NamedTuple):
    """A log, what it is judged by, up to when, and every alert that comes of it."""

    name: str
    story: str
    events: Sequence[Record]
    objectives: Sequence[Objective]
    lateness_ms: int
    until_ms: int

    def files(self) -> dict[str, bytes]:
        """Name -> content."""
        case = {"story": self.story, "latenessMillis": self.lateness_ms, "untilMillis": self.until_ms}
        events = [
            line_of(one.topic, 0, ReplayRecord(one.topic, one.key, one.value, one.timestamp_ms, offset, one.headers))
            for offset, one in enumerate(self.events)
        ]
        return {
            "case.json": orjson.dumps(case, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE),
            "objectives.yaml": openslo(self.objectives).encode(),
            "events.ndjson": _lines(events),
            "alerts.ndjson": _lines(map(orjson.dumps, self.alerts())),
        }

    def alerts(self) -> list[Alert]:
        """In the order of their boundaries, as the naive model counts them out."""
        judged = judge(self.events, self.objectives, lateness_ms=self.lateness_ms, partitions=1, until_ms=self.until_ms)
        return sorted(judged.all_alerts, key=boundary_order)


def cases() -> Iterator[Case]:
    """All of the kit."""
    for path in sorted(_SCENARIOS.glob("*.yaml")):
        scenario = read_scenario(path)
        if len(scenario.records()) > _MOST_EVENTS:
            continue
        lateness_ms, until_ms = duration_ms(scenario.lateness), clock_ms(scenario.until)
        yield Case(path.stem, scenario.story.strip(), scenario.records(), scenario.judged_by(), lateness_ms, until_ms)
    for seed in _SEEDS:
        log = [
            at_home(one, 1)
            for one in random_log(seed, _EVENTS)
            if not is_rerouted(one) and not is_foreign(one, APPLICATION)
        ]
        judged_by = [_as_a_file_can_say(at, one) for at, one in enumerate(random_objectives(seed))]
        story = "Events as they come, with all that goes wrong: late, ahead, unreadable, from other groups and clients."
        yield Case(f"random-{seed}", story, log, judged_by, LATENESS_MS, UNTIL_MS)


def written() -> dict[Path, bytes]:
    """Path -> content of every file of every case."""
    return {FOLDER / case.name / name: content for case in cases() for name, content in case.files().items()}


def _as_a_file_can_say(at: int, one: Objective) -> Objective:
    """Under a name and a service of its own, and held through silence for more than no time."""
    return replace(one, name=f"{one.metric}-{at}", service="apps", hold_for_ms=max(1_000, one.hold_for_ms))


def _lines(lines: Any) -> bytes:
    return b"".join(line + b"\n" for line in lines)
