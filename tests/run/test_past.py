"""The month before the sample feed: in order, well-formed, and with the outages that it tells of."""

from itertools import pairwise

import pytest

from streams.names import INSTALLATION, METRICS, Topics
from streams.objectives import load_objectives
from streams.replay import Replay, ReplayRecord
from streams.run.past import DAYS, PAST_OUTAGES, past_feed
from streams.run.sample import DURATION_MS, SampleEvent
from streams.run.sample_story import APP_KEYS

END_MS = 1_772_460_000_000  # 2026-03-02T14:00:00Z
FEED_MS = END_MS - DURATION_MS
DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def feed() -> list[SampleEvent]:
    return list(past_feed(END_MS))


def test_it_covers_the_month_in_time_order(feed: list[SampleEvent]) -> None:
    assert all(before.time_ms <= after.time_ms for before, after in pairwise(feed))
    assert FEED_MS - DAYS * DAY_MS <= feed[0].time_ms < FEED_MS - DAYS * DAY_MS + 60_000
    assert FEED_MS - 900_000 <= feed[-1].time_ms < FEED_MS
    assert {(event.app_key, event.metric.id) for event in feed} == {(app, name) for app in APP_KEYS for name in METRICS}
    assert max(event.time_ms for event in feed if event.metric is INSTALLATION) < FEED_MS - DAY_MS
    assert list(past_feed(END_MS)) == feed


def test_every_outage_is_a_breach_that_is_over_before_the_feed(feed: list[SampleEvent]) -> None:
    topics = Topics()
    replay = Replay(load_objectives("default"), 10_000, topics)
    replay.records(
        ReplayRecord(topics.input(event.metric), event.app_key.encode(), event.value, event.time_ms, offset)
        for offset, event in enumerate(feed)
    )
    alerts = replay.finish()
    assert not replay.summary.rejected
    breaches = [(one["metricId"], one["appKey"]) for one in alerts if one["type"] == "BREACH"]
    assert sorted(breaches) == sorted((one.metric.id, one.app_key) for one in PAST_OUTAGES)
    assert sum(one["type"] == "RECOVERY" for one in alerts) == len(breaches)
