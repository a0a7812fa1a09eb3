"""The watermark may jump by decades: no boundary is forgotten, and none is visited in vain.

Seventy-five years have 39 million minutes: a walk over them all would run into the time limit.
"""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from streams.evaluation.evaluator import Evaluator
from streams.evaluation.objective import Objective, Silence
from streams.names import METRICS
from tests.build import admission, stored
from tests.laws.engine import run
from tests.model import Alert, Record, judge
from tests.model.build import DAY_MS, DEFAULTS, MINUTE_MS, clock_ms, delisted, delivery, exclusion
from tests.model.generate import LATENESS_MS

pytestmark = pytest.mark.timeout(20)

WEBHOOK = DEFAULTS["webhook-delivery-15m"]
HELD = replace(WEBHOOK, name="held", silence=Silence.HOLD, hold_for_ms=200 * 365 * DAY_MS)
JUDGED_BY = [
    WEBHOOK,
    HELD,
    replace(WEBHOOK, name="held-for-a-day", silence=Silence.HOLD, hold_for_ms=DAY_MS),
    replace(HELD, name="multiwindow", window_ms=60 * MINUTE_MS, short_ms=5 * MINUTE_MS),
    replace(WEBHOOK, name="slow", window_ms=DAY_MS, hop_ms=5 * MINUTE_MS),
    replace(
        WEBHOOK,
        name="patient",
        hop_ms=7 * MINUTE_MS,
        window_ms=21 * MINUTE_MS,
        alert_after_ms=MINUTE_MS,
        recover_after_ms=MINUTE_MS,
    ),
    replace(WEBHOOK, name="two-at-least", minimum_events=2),
]


def arrived(log: Sequence[Record], objective: Objective = WEBHOOK, *, at_ms: int) -> Evaluator:
    """The engine after these events have come by the wall clock."""
    to = admission(METRICS[objective.metric], objective, lateness_ms=LATENESS_MS)
    to.admit(stored(log), at_ms)
    return to.evaluator


A_WEEK, DECADES = 7, 7 * 3_900  # days: multiples of every hop


def after_a_gap(days: int, name: str) -> tuple[list[Record], int]:
    """Something happens, nothing for so many days, something happens again; and until when to judge."""
    first, second = {
        "nothing wrong": ([204], [204]),
        "a failure at each end": ([500], [500]),
        "a breach that heals much later": ([500, 500], [204] * 300),
        "a failure much later": ([204, 204], [500, 500]),
    }[name]
    log = [delivery("12:00", status) for status in first]
    log += [delivery(f"+{days}d 12:00", status) for status in second]
    return log, clock_ms(f"+{days + A_WEEK}d 00:00")


def told(alerts: list[Alert]) -> list[tuple[object, ...]]:
    """What does not depend on how long it took."""
    fields = ("type", "reason", "objective", "goodCount", "badCount")
    return [(alert["time"][11:], *(alert[field] for field in fields)) for alert in alerts]


@pytest.mark.parametrize(
    "name",
    ["nothing wrong", "a failure at each end", "a breach that heals much later", "a failure much later"],
)
def test_decades_of_silence_are_as_a_week_of_it(name: str) -> None:
    log, until_ms = after_a_gap(A_WEEK, name)
    want = judge(log, JUDGED_BY, lateness_ms=LATENESS_MS, partitions=1, until_ms=until_ms)
    (week,) = run(log, JUDGED_BY, lateness_ms=LATENESS_MS, partitions=1, until_ms=until_ms).values()
    assert week.alerts == want.all_alerts

    log, until_ms = after_a_gap(DECADES, name)
    (decades,) = run(log, JUDGED_BY, lateness_ms=LATENESS_MS, partitions=1, until_ms=until_ms).values()
    assert told(decades.alerts) == told(week.alerts)


EXCLUDED = {
    "while it was in the window": ("12:05", "12:00", "12:01"),
    "when it had left the window": ("+1d 00:00", "12:00", "12:01"),
    "all of the silence": ("11:00", "12:01", "{second}"),
    "all from the silence on": ("+1d 00:00", "+1d 00:00", None),
    "what comes after the silence": (None, "{second}", None),
    "what comes after the silence, known too late": ("{late}", "{second}", None),
}
"""Sent, start and end."""


@pytest.mark.parametrize("times", EXCLUDED.values(), ids=EXCLUDED)
def test_so_it_is_with_exclusions(times: tuple[str | None, str, str | None]) -> None:
    alerts = {}
    for days in (A_WEEK, DECADES):
        log, until_ms = after_a_gap(days, "a failure at each end")
        named = {"second": f"+{days}d 12:00", "late": f"+{days}d 12:05"}
        sent, start, end = (time and time.format_map(named) for time in times)
        assert start is not None
        log.append(exclusion(sent, start, end))
        (broker,) = run(log, JUDGED_BY, lateness_ms=LATENESS_MS, partitions=1, until_ms=until_ms).values()
        alerts[days] = broker.alerts
        if days == A_WEEK:
            want = judge(log, JUDGED_BY, lateness_ms=LATENESS_MS, partitions=1, until_ms=until_ms)
            assert broker.alerts == want.all_alerts
    assert told(alerts[DECADES]) == told(alerts[A_WEEK])


def test_a_first_record_with_timestamp_zero_is_from_the_future_and_starts_nothing() -> None:
    log = [delivery("12:00")._replace(timestamp_ms=0), delivery("12:00:01", 500), delivery("12:01:10")]
    got = run(log, JUDGED_BY, lateness_ms=LATENESS_MS, partitions=1)
    (broker,) = got.values()
    assert broker.rejected == [(0, "future_time")]
    assert broker.alerts == judge(log, JUDGED_BY, lateness_ms=LATENESS_MS, partitions=1).all_alerts
    assert [alert["time"] for alert in broker.alerts] == ["2026-03-02T12:01:00Z"] * 4


@pytest.mark.parametrize("first_ms", [0, 1, LATENESS_MS - 1, LATENESS_MS])
def test_a_watermark_that_starts_with_the_epoch(first_ms: int) -> None:
    """The machine's clock was not set when the first event came."""
    today_ms = clock_ms("12:00")
    evaluator = arrived([delivery("12:00", 500)], at_ms=first_ms)
    assert evaluator.due_ms == (0 if first_ms < LATENESS_MS else MINUTE_MS) + LATENESS_MS
    evaluator.advance(today_ms + DAY_MS)
    assert [(it.boundary_ms - today_ms, it.reason) for it in evaluator.take_transitions()] == [
        (MINUTE_MS, "BELOW_OBJECTIVE"),
        (16 * MINUTE_MS, "NO_DATA"),
    ]


def test_a_held_breach_does_not_make_silence_expensive() -> None:
    held = replace(WEBHOOK, silence=Silence.HOLD, hold_for_ms=20 * 365 * DAY_MS)
    start_ms = clock_ms("12:00")
    log = [delivery("12:00", 500, app=f"app-{number}") for number in range(500)]
    evaluator = arrived(log, held, at_ms=start_ms)
    evaluator.advance(start_ms + 19 * 365 * DAY_MS)
    assert len(evaluator.take_transitions()) == len(evaluator.series) == 500
    evaluator.advance(start_ms + 50 * 365 * DAY_MS)
    ended = [(it.boundary_ms - start_ms, it.reason) for it in evaluator.take_transitions()]
    assert ended == [(16 * MINUTE_MS + held.hold_for_ms, "NO_DATA")] * 500
    assert not evaluator.series


def test_what_ends_a_held_breach_is_found_in_the_middle_of_a_long_silence() -> None:
    held = replace(WEBHOOK, silence=Silence.HOLD, hold_for_ms=100 * 365 * DAY_MS)
    apps = ("excluded", "announced", "explained", "withdrawn", "held")
    log = [
        *(delivery("12:00", 500, app=app) for app in apps),
        exclusion("+9000d 10:00", "+9000d 10:00", None, key="e-1", appKey="excluded"),
        exclusion("12:00", "+9001d 10:00", "+9001d 11:00", key="e-2", appKey="announced", scope="Jira"),
        exclusion("12:00", "+9001d 10:00", None, key="e-3", scope="Confluence"),
        exclusion("+9002d 10:00", "12:00", "12:01", key="e-4", appKey="explained"),
        delisted("+9003d 10:00:10", key="withdrawn"),
    ]
    until_ms = clock_ms(f"+{DECADES}d 12:00")
    (broker,) = run(log, [held], lateness_ms=LATENESS_MS, partitions=1, until_ms=until_ms).values()
    assert [(one["appKey"], one["time"][:16], one["reason"]) for one in broker.alerts[len(apps) :]] == [
        ("excluded", "2050-10-22T10:15", "EXCLUDED"),
        ("announced", "2050-10-23T10:15", "EXCLUDED"),
        ("withdrawn", "2050-10-25T10:00", "RETIRED"),
    ]


def test_an_event_of_the_far_future_is_judged_when_its_time_comes() -> None:
    """Without a Kafka timestamp nothing tells that it is wrong; under the wall clock it waits."""
    start_ms, later_ms = clock_ms("12:00"), clock_ms("12:00") + 30 * 365 * DAY_MS
    evaluator = arrived([delivery(f"+{30 * 365}d 12:00", 500)], at_ms=start_ms)
    evaluator.advance(start_ms + 365 * DAY_MS)
    assert evaluator.take_transitions() == []
    evaluator.advance(later_ms + DAY_MS)
    assert [(it.boundary_ms - later_ms, it.reason) for it in evaluator.take_transitions()] == [
        (MINUTE_MS, "BELOW_OBJECTIVE"),
        (16 * MINUTE_MS, "NO_DATA"),
    ]


def test_objectives_with_hops_that_share_no_grid() -> None:
    judged_by: list[Objective] = [
        replace(WEBHOOK, name=f"every-{minutes}-m", hop_ms=minutes * MINUTE_MS, window_ms=3 * minutes * MINUTE_MS)
        for minutes in (2, 3, 5, 7, 11)
    ]
    log = [delivery("12:00", 500), delivery("12:01"), delivery("+1d 09:17", 500), delivery("+3d 00:00")]
    want = judge(log, judged_by, lateness_ms=LATENESS_MS, partitions=1, until_ms=clock_ms("+4d 00:00"))
    (got,) = run(log, judged_by, lateness_ms=LATENESS_MS, partitions=1, until_ms=clock_ms("+4d 00:00")).values()
    assert got.alerts == want.all_alerts
    assert len(got.alerts) == 20
