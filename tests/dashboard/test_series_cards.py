"""The sentence above a chart tells what the chart shows."""

import pytest

from streams.names import IFRAME
from streams.plural import number_of
from tests.dashboard.conftest import PLATFORM, Stage
from tests.dashboard.world import TOPICS
from tests.history.test_budgets import APP, count
from tests.history.test_facts import file
from tests.model.build import app, record


@pytest.mark.parametrize(("shown", "good"), [("3h", 1), ("1d", 3)])
def test_whose_word_counts_is_asked_of_the_time_that_is_shown(stage: Stage, shown: str, good: int) -> None:
    loads = [
        record(IFRAME.id, "12:00", bridgeInMillis=None),
        record(IFRAME.id, "12:01", source="APP", status="SUCCESS"),
        record(IFRAME.id, "12:20"),
        record(IFRAME.id, "12:40"),
        record(IFRAME.id, "12:50"),
    ]
    count(stage.url, IFRAME, loads)
    file(stage.url, (TOPICS.apps, [app("charts", key=APP, partner="Acme", partnerId="acme")]))
    client = stage.as_(PLATFORM)
    query = {"app": APP, "metric": IFRAME.id, "step": "60", "to": "2026-03-02T12:45:00Z"}
    start = "2026-03-02T09:45:00Z" if shown == "3h" else "2026-03-01T12:45:00Z"
    counts = client.get("/api/v1/counts", params=query | {"from": start}).json()
    assert (sum(counts["good"]), sum(counts["bad"])) == (good, 0)
    text = client.get(f"/apps/{APP}?range={shown}").text
    assert f"of {number_of(good, 'event was', 'events were')} good in" in text
