"""The load is the same in every run, and what it says it is."""

import orjson

from tests.bench.load import FAILED_SHARE, LATEST_MS, SPAN_MS, START_MS, Load

COUNT = 20_000


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert list(Load(500, apps=10).records()) == list(Load(500, apps=10).records())
    assert list(Load(500, apps=10).records()) != list(Load(500, apps=10, seed=8).records())


def test_it_spans_its_time_in_order_and_no_event_is_late() -> None:
    records = list(Load(COUNT, apps=10).records())
    stored_ms = [record.timestamp_ms for record in records]
    assert stored_ms == sorted(stored_ms)
    assert (stored_ms[0], stored_ms[-1]) == (START_MS, START_MS + SPAN_MS - SPAN_MS // COUNT)
    ages_ms = [record.timestamp_ms - orjson.loads(record.value)["time"] for record in records]
    assert min(ages_ms) >= 0
    assert LATEST_MS * 0.9 < max(ages_ms) < LATEST_MS


def test_keys_failures_and_sizes_are_as_told() -> None:
    records = list(Load(COUNT).records())
    events = [orjson.loads(record.value) for record in records]
    assert all(record.key.decode() == event["appKey"] for record, event in zip(records, events, strict=True))
    assert len({event["appKey"] for event in events}) == 1_000
    failed = sum(event["statusCode"] != 200 for event in events)
    assert 0.7 * FAILED_SHARE < failed / COUNT < 1.3 * FAILED_SHARE
    assert all(150 < len(record.value) < 190 for record in records)
