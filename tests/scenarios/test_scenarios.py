"""Every scenario file, through everything that claims to know what the alerts must be."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from streams.durations import duration_ms
from streams.evaluation.objective import Objective
from tests.laws.agreement import replay_of
from tests.laws.engine import run
from tests.model import Alert, Record, judge
from tests.model.build import clock_ms
from tests.scenarios.scenario import read_scenario

Runner = Callable[[Sequence[Record], Sequence[Objective], int, int], list[Alert]]
"""(records, all of partition 0; objectives; lateness in ms; until, epoch ms) -> alerts, topics in any order."""


def model(records: Sequence[Record], objectives: Sequence[Objective], lateness_ms: int, until_ms: int) -> list[Alert]:
    return judge(records, objectives, lateness_ms=lateness_ms, partitions=1, until_ms=until_ms).all_alerts


def engine(records: Sequence[Record], objectives: Sequence[Objective], lateness_ms: int, until_ms: int) -> list[Alert]:
    brokers = run(records, objectives, lateness_ms=lateness_ms, partitions=1, until_ms=until_ms)
    return [alert for broker in brokers.values() for alert in broker.alerts]


def replay(records: Sequence[Record], objectives: Sequence[Objective], lateness_ms: int, until_ms: int) -> list[Alert]:
    return replay_of(records, objectives, lateness_ms=lateness_ms, partitions=1).finish(until_ms)


RUNNERS: list[Runner] = [model, engine, replay]
SCENARIOS = sorted(Path(__file__).parent.glob("*.yaml"))


@pytest.mark.parametrize("runner", RUNNERS, ids=lambda runner: runner.__name__)
@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_scenario(path: Path, runner: Runner) -> None:
    scenario = read_scenario(path)
    lateness_ms, until_ms = duration_ms(scenario.lateness), clock_ms(scenario.until)
    alerts = runner(scenario.records(), scenario.judged_by(), lateness_ms, until_ms)
    if runner is engine:  # it has read the names of the whole log before its first event
        scenario = scenario.without_names()
    assert scenario.seen(alerts) == scenario.expect, scenario.story
