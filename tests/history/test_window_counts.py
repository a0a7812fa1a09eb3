"""The window of an alert as it is known today: what an exclusion takes out is what it takes out of what is judged."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import psycopg
import pytest

from streams.database.connection import conninfo
from streams.database.roles import Role
from streams.evaluation.objective import Objective
from streams.history.reading import read_exclusions
from streams.history.window_counts import window_counts
from streams.names import WEBHOOK
from streams.objectives.budget_levels import budget_levels
from streams.objectives.service_level import ServiceLevel
from tests.dashboard.world import CHARTS, TOPICS, count
from tests.history.test_facts import file
from tests.model.build import delivery, exclusion

HOUR_MS = 3_600_000
SHORT = Objective("short", WEBHOOK.id, HOUR_MS, 60_000, Fraction(1, 100))
LONG = replace(SHORT, name="long", window_ms=12 * HOUR_MS, hop_ms=300_000)
FIVE_MINUTES_ANYWAY = replace(SHORT, name="by five", hop_ms=300_000)
LEVEL = budget_levels([ServiceLevel("slo", WEBHOOK.id, Fraction(99, 100), 12 * HOUR_MS, None, (75,))])[0]
OBJECTIVES = [SHORT, LONG, FIVE_MINUTES_ANYWAY, LEVEL]


def alert(objective: Objective) -> dict[str, Any]:
    """A breach of it at one o'clock, as it is published."""
    return {
        "appKey": CHARTS,
        "metricId": WEBHOOK.id,
        "scope": "Jira",
        "objective": objective.name,
        "measurementDurationSeconds": objective.window_ms // 1_000,
        "windowStart": "2026-03-02T12:00:00Z" if objective.window_ms == HOUR_MS else "2026-03-02T01:00:00Z",
        "windowEnd": "2026-03-02T13:00:00Z",
    }


@pytest.fixture
def url(database: str) -> str:
    """An event in each of ten minutes, of which one is excluded."""
    count(database, [delivery(f"12:0{minute}:05", app=CHARTS) for minute in range(10)])
    file(database, (TOPICS.exclusions, [exclusion("10:00", "12:06", "12:07")]))
    return database


@pytest.mark.parametrize(
    ("objective", "left"),
    [
        pytest.param(SHORT, 9, id="minutes"),
        pytest.param(LONG, 5, id="the five minutes of a long window, whatever else the metric is judged by"),
        pytest.param(FIVE_MINUTES_ANYWAY, 5, id="the hop that is set"),
        pytest.param(LEVEL, 9, id="minutes of a budget"),
        pytest.param(replace(SHORT, name="gone"), 9, id="usual for a short window"),
        pytest.param(replace(LONG, name="gone"), 5, id="usual for a long window"),
        pytest.param(replace(LONG, name="short"), 5, id="usual where the window is another by now"),
    ],
)
def test_what_is_left_of_a_window(url: str, objective: Objective, left: int) -> None:
    with psycopg.connect(conninfo(url, Role.WRITER, "test")) as connection:
        exclusions = read_exclusions(connection, CHARTS)
        found = window_counts(connection, alert(objective), OBJECTIVES, exclusions)
    assert found is not None
    counted, everything = found
    assert (counted.good, everything.good) == (left, 10)
