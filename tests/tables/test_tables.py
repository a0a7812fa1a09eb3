"""Window tables by name, over the store of an evaluator."""

import pytest

from streams.evaluation.judgement import APP_BAD, APP_GOOD, BAD, GOOD
from streams.evaluation.series import Series
from streams.names import IFRAME, WEBHOOK
from streams.objectives import load_objectives
from streams.tables.tables import Pane, TumblingTable

MINUTE_MS = 60_000
START_MS = 1_772_460_000_000
KEY = ("com.acme.charts", "Jira")


def table(*events: tuple[int, int]) -> TumblingTable:
    """A series with events of (minute, outcome)."""
    series = Series(KEY)
    for minute, outcome in events:
        lane = series.its_own() if outcome >= APP_GOOD else series.by_host
        lane.add(START_MS // MINUTE_MS + minute, 1 - outcome % 2, outcome % 2)
    return TumblingTable(IFRAME, {KEY: series}, MINUTE_MS)


def minute(number: int) -> int:
    return START_MS + number * MINUTE_MS


def test_panes_of_a_series_in_order_of_time() -> None:
    panes = table((0, GOOD), (0, BAD), (3, GOOD), (1, BAD))[KEY]
    assert list(panes) == [
        Pane(minute(0), 1, 1, by_app=False),
        Pane(minute(1), 0, 1, by_app=False),
        Pane(minute(3), 1, 0, by_app=False),
    ]


def test_what_the_app_counted_is_told_apart() -> None:
    panes = table((0, BAD), (0, APP_GOOD), (2, APP_BAD))[KEY]
    assert [(pane.start_ms, pane.by_app) for pane in panes] == [
        (minute(0), False),
        (minute(0), True),
        (minute(2), True),
    ]


def test_a_hopping_window_is_the_union_of_its_panes() -> None:
    windows = table((0, BAD), (1, GOOD), (14, GOOD), (15, BAD)).hopping(900, 60)[KEY]
    assert [windows.at(minute(number)) for number in (0, 1, 15, 16, 30, 31)] == [
        (0, 0),
        (0, 1),
        (2, 1),
        (2, 1),
        (0, 1),
        (0, 0),
    ]


def test_in_a_window_with_events_of_the_app_only_those_count() -> None:
    windows = table((0, BAD), (1, BAD), (1, APP_GOOD)).hopping(60, 60)[KEY]
    assert windows.at(minute(1)) == (0, 1)
    assert windows.at(minute(2)) == (1, 0)


def test_a_table_is_a_view() -> None:
    store: dict[tuple[str, str], Series] = {}
    webhook = TumblingTable(WEBHOOK, store, MINUTE_MS)
    quarter = webhook.hopping(900, 60)
    assert (webhook.name, len(webhook), len(quarter)) == ("webhook", 0, 0)
    store[KEY] = Series(KEY)
    store[KEY].by_host.add(START_MS // MINUTE_MS, 3, 1)
    assert quarter[KEY].at(minute(1)) == (3, 1)
    assert list(webhook) == list(quarter) == [KEY]


def test_an_objective_names_its_windows() -> None:
    (objective,) = (one for one in load_objectives() if one.metric == IFRAME.id)
    windows = table((0, GOOD)).of(objective)
    assert (windows.window.length_ms, windows.window.hop_ms) == (15 * MINUTE_MS, MINUTE_MS)


@pytest.mark.parametrize(("length_s", "hop_s"), [(900, 90), (90, 60), (900, 30), (0, 60), (900, 0)])
def test_windows_that_do_not_fit_the_panes_are_refused(length_s: int, hop_s: int) -> None:
    with pytest.raises(ValueError, match="multiple"):
        table().hopping(length_s, hop_s)


def test_a_window_ends_only_at_a_boundary() -> None:
    with pytest.raises(ValueError, match="boundary"):
        table((0, GOOD)).hopping(900, 60)[KEY].at(START_MS + 1)
