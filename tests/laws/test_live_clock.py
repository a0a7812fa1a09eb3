"""Under the wall clock: it caps what events can push, and ticks let silence be judged."""

from typing import Any

import pytest

from streams.tables.rows import META_KEY
from streams.turn import finish
from tests.laws.beside import TOPICS
from tests.laws.engine import PartitionRun
from tests.model import Record
from tests.model.build import DEFAULTS, clock_ms, delivery, exclusion, short
from tests.model.generate import LATENESS_MS

WEBHOOK = DEFAULTS["webhook-delivery-15m"]
BREACH = ("12:01", "BELOW_OBJECTIVE", 0, 1)


WEBHOOKS = next(topic for topic, metric in TOPICS.inputs.items() if metric.id == WEBHOOK.metric)


@pytest.fixture
def one() -> PartitionRun:
    return PartitionRun(WEBHOOKS, [WEBHOOK], lateness_ms=LATENESS_MS)


def watermark(one: PartitionRun) -> int | None:
    return one.unit.evaluator.watermark_ms


def test_an_event_cannot_push_the_watermark_beyond_the_clock(one: PartitionRun) -> None:
    one.read(delivery("12:00:30", 500), delivery("18:00"), clock_ms=clock_ms("12:00:40"))
    assert watermark(one) == clock_ms("12:00:40")
    assert one.commit().alerts == []


def test_nor_can_its_kafka_timestamp(one: PartitionRun) -> None:
    one.read(delivery("18:00", arrives="18:00"), clock_ms=clock_ms("12:00:40"))
    assert watermark(one) == clock_ms("12:00:40")


def test_below_the_clock_events_push_as_ever(one: PartitionRun) -> None:
    one.read(delivery("12:00:30", 500), delivery("12:01:10"), clock_ms=clock_ms("18:00"))
    assert watermark(one) == clock_ms("12:01:10")
    assert short(one.commit().alerts) == [BREACH]


def test_a_backlog_is_judged_by_its_own_events(one: PartitionRun) -> None:
    one.read(delivery("12:00:30", 500), clock_ms=clock_ms("18:00"))
    one.read(delivery("12:00:50", 500), clock_ms=clock_ms("18:00"))
    one.read(delivery("12:01:10"), clock_ms=clock_ms("18:00"))
    assert short(one.commit().alerts) == [("12:01", "BELOW_OBJECTIVE", 0, 2)]


def test_a_tick_notices_silence(one: PartitionRun) -> None:
    one.read(delivery("12:00:30", 500), clock_ms=clock_ms("12:00:31"))
    finish(one.unit.tick(clock_ms("12:01:09.999")))
    assert not one.unit.is_urgent
    finish(one.unit.tick(clock_ms("12:01:10")))
    assert one.unit.is_urgent
    finish(one.unit.tick(clock_ms("12:16:10")))
    assert short(one.commit().alerts) == [BREACH, ("12:16", "NO_DATA", 0, 0)]


def test_a_tick_before_any_record_judges_nothing(one: PartitionRun) -> None:
    finish(one.unit.tick(clock_ms("12:00")))
    assert watermark(one) is None
    assert one.unit.take_work() is None
    one.read(delivery("11:00", 500), delivery("11:01:10"), clock_ms=clock_ms("12:00"))
    assert short(one.commit().alerts) == [("11:01", "BELOW_OBJECTIVE", 0, 1)]


def test_nor_does_one_after_nothing_but_rejected_records(one: PartitionRun) -> None:
    one.read(delivery("12:00")._replace(value=b"{"), clock_ms=clock_ms("12:00"))
    finish(one.unit.tick(clock_ms("13:00")))
    assert watermark(one) is None
    broker = one.commit()
    assert broker.rejected == [(0, "not_json")]
    assert broker.meta is not None
    assert broker.meta.progress is None


def test_a_clock_set_back_moves_nothing_back(one: PartitionRun) -> None:
    one.read(delivery("12:00:30", 500), clock_ms=clock_ms("12:00:31"))
    finish(one.unit.tick(clock_ms("12:05")))
    finish(one.unit.tick(clock_ms("12:02")))
    one.read(delivery("12:03"), clock_ms=clock_ms("12:02"))
    assert watermark(one) == clock_ms("12:05")
    assert short(one.commit().alerts) == [BREACH]


def test_what_ticks_have_judged_is_stored_and_never_revised(one: PartitionRun) -> None:
    one.read(delivery("12:00:30", 500), clock_ms=clock_ms("12:00:31"))
    one.commit()
    finish(one.unit.tick(clock_ms("12:01:10")))
    one.commit()
    one.take_over()
    one.read(*(delivery("12:00:40") for _ in range(200)), clock_ms=clock_ms("12:01:20"))
    finish(one.unit.tick(clock_ms("12:02:10")))
    assert short(one.commit().alerts) == [BREACH, ("12:02", "RESTORED", 200, 1)]


def test_a_tick_that_makes_nothing_due_needs_no_commit(one: PartitionRun) -> None:
    one.read(delivery("12:00:30"), clock_ms=clock_ms("12:00:31"))
    one.commit()
    stored = one.broker.rows[META_KEY]
    finish(one.unit.tick(clock_ms("12:01:09")))
    assert one.unit.take_work() is None
    assert one.broker.rows[META_KEY] == stored


def test_an_exclusion_that_is_read_late_acts_from_the_next_boundary_on() -> None:
    late = exclusion("12:00:40", "12:00", "12:01")
    one = PartitionRun(WEBHOOKS, [WEBHOOK], lateness_ms=LATENESS_MS, beside=[late])
    one.read(delivery("12:00:30", 500), clock_ms=clock_ms("12:00:31"))
    finish(one.unit.tick(clock_ms("12:01:10")))
    one.beside.read()
    finish(one.unit.tick(clock_ms("12:02:09")))
    assert short(one.commit().alerts) == [BREACH]
    finish(one.unit.tick(clock_ms("12:02:10")))
    assert short(one.commit().alerts) == [BREACH, ("12:02", "EXCLUDED", 0, 0)]


def unstamped(at: str, status: int = 204, **fields: Any) -> Record:
    return delivery(at, status, arrives=None, **fields)


def test_records_without_a_timestamp_count_and_never_tell_the_time(one: PartitionRun) -> None:
    one.read(delivery("12:00:30"), clock_ms=clock_ms("12:00:40"))
    one.read(unstamped("12:00:35", 500), unstamped("12:01:20"), clock_ms=clock_ms("12:05"))
    assert watermark(one) == clock_ms("12:00:30")
    finish(one.unit.tick(clock_ms("12:01:10")))
    assert short(one.commit().alerts) == [("12:01", "BELOW_OBJECTIVE", 1, 1)]


def test_a_partition_of_such_records_begins_at_the_wall_clock_once_it_is_read_to_its_end(one: PartitionRun) -> None:
    one.read(unstamped("12:00:30", 500), unstamped("12:04", 500), clock_ms=clock_ms("12:05"))
    assert watermark(one) is None
    one.commit()
    one.take_over()
    finish(one.unit.tick(clock_ms("12:04:30")))
    assert watermark(one) == clock_ms("12:04:30")
    finish(one.unit.tick(clock_ms("12:05:10")))
    assert short(one.commit().alerts) == [("12:05", "BELOW_OBJECTIVE", 0, 2)]


def test_so_it_does_where_none_of_them_counts(one: PartitionRun) -> None:
    one.read(unstamped("12:00", group="DFR"), clock_ms=clock_ms("12:05"))
    one.commit()
    one.take_over()
    finish(one.unit.tick(clock_ms("12:05")))
    assert watermark(one) == clock_ms("12:05")


def test_they_are_held_against_the_latest_timestamp_that_was_accepted_also_before_a_crash(one: PartitionRun) -> None:
    one.read(unstamped("18:00"), clock_ms=clock_ms("12:05"))  # nothing to hold it against
    too_far_ahead = delivery("19:00", arrives="12:30")
    one.read(delivery("11:59", arrives="12:00"), too_far_ahead, clock_ms=clock_ms("12:05"))
    one.commit()
    one.take_over()
    one.read(unstamped("12:01"), unstamped("12:01:00.001"), clock_ms=clock_ms("12:05"))
    assert one.commit().rejected == [(2, "future_time"), (4, "future_time")]
    assert sum(series.good for series in one.unit.evaluator.series.values()) == 3
