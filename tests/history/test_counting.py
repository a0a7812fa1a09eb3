"""What counts, and where: each rule by an example."""

from collections import Counter
from collections.abc import Sequence

import orjson
import pytest

from streams.evaluation.listings import Listing, Listings
from streams.health.counts import Count
from streams.history.counting import Counting
from streams.history.latency import duration_of, slot_and_bucket
from streams.history.tally import SeriesKey
from streams.names import AVAILABILITY, IFRAME, INSTALLATION, SYNTHETIC, WEBHOOK, Metric, Topics
from tests.build import APPLICATION, stored
from tests.model import Record
from tests.model.build import DAY_MS, check, clock_ms, delivery, record


def unstamped(at: str) -> Record:
    return delivery(at)._replace(timestamp_ms=None)


def counting(metric: Metric, **more: object) -> Counting:
    listings = Listings()
    listings.add("com.example.app", Listing((), ("scanner",)), None)
    return Counting(metric, lambda _key: True, listings, APPLICATION, **more)  # type: ignore[arg-type]


def count(metric: Metric, records: Sequence[Record]) -> tuple[dict[tuple[str, str], tuple[int, int]], dict[str, int]]:
    """Good and bad by scope and source, and what became of the records."""
    told: Counter[Count] = Counter()
    one = counting(metric)
    one.count(stored(records), None, told)
    found = {}
    for key, tally in one.take().all.items():
        minutes = [pair for day in tally.by_day().values() for pair in day.values()]
        found[key.scope, key.source] = sum(good for good, _ in minutes), sum(bad for _, bad in minutes)
    return found, {" ".join((name, *labels)): count for (name, labels), count in told.items() if count}


def test_what_the_app_and_the_host_tell_are_kept_apart() -> None:
    loads = [
        record(IFRAME.id, "12:00"),
        record(IFRAME.id, "12:00", bridgeInMillis=12_001),
        record(IFRAME.id, "12:01", source="APP", status="SUCCESS"),
        record(IFRAME.id, "12:01", source="APP", status="FAIL", group="DFR"),
    ]
    found, _ = count(IFRAME, loads)
    assert found == {("Jira", "HOST"): (1, 1), ("Jira", "APP"): (1, 0), ("Jira", "group:DFR:APP"): (0, 1)}


def test_other_groups_are_kept_apart_and_judged_alike() -> None:
    found, counts = count(AVAILABILITY, [check("12:00"), check("12:00", 500), check("12:00", 500, group="DFR")])
    url = "https://app.example.com"
    assert found == {(url, "PROD"): (1, 1), (url, "group:DFR"): (0, 1)}
    assert counts == {"records": 3, "events counted": 3, "outcomes good": 1, "outcomes bad": 2}


def test_synthetic_tests_are_a_source_of_their_own() -> None:
    test = {"appKey": "com.example.app", "product": "Jira", "clientKey": "c-1", "time": clock_ms("12:00")}
    told = ({"status": "SUCCESS", "durationInMillis": 900}, {"status": "FAIL"}, {"status": "MAYBE"})
    values = [orjson.dumps(test | one) for one in told]
    records = [Record(Topics().synthetic, 0, b"com.example.app", value, clock_ms("12:00")) for value in values]
    found, counts = count(SYNTHETIC, records)
    assert found == {("Jira", "synthetic"): (1, 1)}
    assert counts == {
        "records": 3,
        "events counted": 2,
        "outcomes good": 1,
        "outcomes bad": 1,
        "rejected schema": 1,
    }


def test_names_are_as_the_database_can_hold_them() -> None:
    odd = [delivery("12:00", product=name) for name in ("a\0b", "a\u2400b", "a\0b")]
    assert count(WEBHOOK, odd)[0] == {("a\u2400b", "PROD"): (3, 0)}


def test_what_never_counts() -> None:
    deliveries = [
        delivery("12:00", faultOwner="PLATFORM"),
        delivery("12:00", clientKey="scanner"),
        delivery("12:00", faultOwner="PLATFORM", group="DFR"),
    ]
    assert count(WEBHOOK, deliveries) == ({}, {"records": 3, "events not_counted": 3})
    callback = record(INSTALLATION.id, "12:00", lifecycle="enabled")
    assert count(INSTALLATION, [callback]) == ({}, {"records": 1, "events not_counted": 1})


@pytest.mark.parametrize(
    ("mark", "counts"),
    [
        (("rerouted-from", b"slo-streams/slo.webhook.v1/0@7"), False),
        (("redriven-from", b"slo-streams/schema/slo.webhook.v1/0@7"), True),
        (("redriven-from", b"slo-streams/too_late/slo.webhook.v1/0@7"), False),
        (("redriven-from", b"slo-streams/too_many_series/slo.webhook.v1/0@7"), False),
        (("redriven-from", b"canary/schema/slo.webhook.v1/0@7"), False),
        (("redriven-from", b"3@7"), False),
        (("ce_id", b"17"), True),
    ],
)
def test_a_copy_counts_only_where_nothing_else_does(mark: tuple[str, bytes], counts: bool) -> None:
    found, _ = count(WEBHOOK, [delivery("12:00")._replace(headers=(mark,))])
    assert bool(found) is counts


def test_a_misplaced_record_counts_where_it_lies_and_moves_no_time() -> None:
    one = counting(WEBHOOK)
    one.count(stored([delivery("12:00", arrives="12:00")._replace(key=None)]), None, _ignored())
    assert len(one.tallies) == 1
    assert (one.watermark_ms, one.newest_ms) == (None, None)


def _ignored() -> Counter[Count]:
    return Counter()


@pytest.mark.parametrize(("late_ms", "counts"), [(35 * DAY_MS, True), (35 * DAY_MS + 1, False)])
def test_events_of_five_weeks_count_however_late_they_come(late_ms: int, counts: bool) -> None:
    late = delivery("12:00")._replace(timestamp_ms=clock_ms("12:00") + late_ms)
    found, told = count(WEBHOOK, [late])
    assert bool(found) is counts
    assert ("events too_old" in told) is not counts


def test_an_event_ahead_of_its_record_is_not_believed() -> None:
    found, told = count(WEBHOOK, [delivery("12:01:00", arrives="12:00"), delivery("12:01:00.001", arrives="12:00")])
    assert found == {("Jira", "PROD"): (1, 0)}
    assert told["rejected future_time"] == 1


def test_without_a_timestamp_the_newest_of_the_partition_is_asked() -> None:
    first = [unstamped("12:00"), delivery("12:00")]
    ahead = [unstamped("12:01:00"), unstamped("12:01:00.001")]
    _, told = count(WEBHOOK, [*first, *ahead])
    assert told == {"records": 4, "events counted": 3, "outcomes good": 3, "rejected future_time": 1}


def test_time_goes_on_by_the_lesser_of_event_and_record_and_never_beyond_the_clock() -> None:
    one = counting(WEBHOOK)
    one.count(
        stored([delivery("12:00:10", arrives="12:00:05"), delivery("12:00:02", arrives="12:00:30")]), None, _ignored()
    )
    assert (one.watermark_ms, one.newest_ms) == (clock_ms("12:00:05"), clock_ms("12:00:30"))
    one.count(stored([delivery("12:05", arrives="12:05")]), clock_ms("12:04"), _ignored())
    assert one.watermark_ms == clock_ms("12:04")


def test_late_is_what_comes_once_its_minute_is_complete() -> None:
    one = counting(WEBHOOK, lateness_ms=10_000)
    begin = [delivery("12:00:59", arrives="12:00:59"), delivery("12:01:09.999", arrives="12:01:10")]
    one.count(stored([*begin, delivery("12:00:30", arrives="12:01:10")]), None, _ignored())
    [tally] = one.tallies.values()
    assert tally.late == {}
    complete = delivery("12:01:10", arrives="12:01:10")
    late = [delivery("11:59:59", arrives="12:01:11"), delivery("12:00:59.999", arrives="12:01:11")]
    one.count(stored([complete, *late, delivery("12:01:00", arrives="12:01:11")]), None, _ignored())
    [tally] = one.take().all.values()
    hour = clock_ms("12:00") // 3_600_000
    assert tally.late == {hour - 1: 1, hour: 1}
    assert {day: sum(hours) for day, hours in tally.late_by_day().items()} == {hour // 24: 2}


def test_latencies_are_those_of_the_host_of_successes_and_of_all_else() -> None:
    one = counting(IFRAME)
    loads = [
        record(IFRAME.id, "12:00", bridgeInMillis=100, durationInMillis=9_000),
        record(IFRAME.id, "12:00", bridgeInMillis=None, durationInMillis=9_000),
        record(IFRAME.id, "12:00", source="APP", status="SUCCESS", durationInMillis=2_000),
        record(IFRAME.id, "12:00", source="APP", status="FAIL", durationInMillis=9_000),
    ]
    one.count(stored(loads), None, _ignored())
    durations = {
        key.source: [
            duration_of(bucket) for day in tally.latencies_by_day().values() for _, bucket in map(slot_and_bucket, day)
        ]
        for key, tally in one.take().all.items()
    }
    assert {source: [round(one / 100) for one in found] for source, found in durations.items()} == {
        "HOST": [1],
        "APP": [20],
    }


def test_a_series_is_named_by_all_that_tells_it_apart() -> None:
    assert SeriesKey("a", "m", "s", "PROD") < SeriesKey("a", "m", "s", "group:DFR")
