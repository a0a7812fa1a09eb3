"""A partition between two commits: how far it is complete, and how much it may hold."""

import pytest

from streams.evaluation.listings import Listings
from streams.history.processor import HistoryProcessor
from streams.names import WEBHOOK, Topics
from streams.sink.work import Progress
from streams.turn import finish
from tests.build import APPLICATION, chunk
from tests.model.build import clock_ms, delivery


def processor(partitions: int = 1) -> HistoryProcessor:
    topic, start = Topics().input(WEBHOOK), Progress(0)
    return HistoryProcessor(
        WEBHOOK, topic, 0, lambda _key: True, Listings(), APPLICATION, 10_000, start, partitions=lambda: partitions
    )


def test_nothing_begins_before_a_record() -> None:
    one = processor()
    assert not one.may_judge(clock_ms("12:05"))
    finish(one.tick(clock_ms("12:05")))
    assert one.take_work() is None


def test_records_without_a_time_begin_once_the_clock_tells_one() -> None:
    one = processor()
    finish(one.apply(chunk(delivery("12:00", arrives=None)), clock_ms("12:01")))
    work = one.take_work()
    assert work is not None
    assert work.progress.watermark_ms is None
    assert one.may_judge(clock_ms("12:05"))
    finish(one.tick(clock_ms("12:05")))
    work = one.take_work()
    assert work is not None
    assert work.progress.watermark_ms == clock_ms("12:05")
    assert not one.may_judge(clock_ms("12:05:05"))
    assert one.may_judge(clock_ms("12:05:10"))


def test_silence_completes_minutes_as_they_pass() -> None:
    one = processor()
    finish(one.apply(chunk(delivery("12:00:05")), None))
    assert one.take_work() is not None
    finish(one.tick(clock_ms("12:00:30")))
    work = one.take_work()
    assert work is not None
    assert not work.facts.all
    finish(one.tick(clock_ms("12:00:40")))
    assert one.take_work() is None


@pytest.mark.parametrize(("partitions", "most"), [(1, 6), (2, 3), (5, 2), (0, 6)])
def test_the_partitions_of_a_process_share_what_it_may_hold(
    partitions: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.history.processor.MOST_MINUTES", 6)
    monkeypatch.setattr("streams.history.processor.LEAST_MINUTES", 2)
    one = processor(partitions)
    finish(one.apply(chunk(*(delivery(f"12:{minute:02}") for minute in range(most - 1))), None))
    assert not one.is_full
    finish(one.apply(chunk(delivery(f"12:{most:02}"), start=most - 1), None))
    assert one.is_full
    assert one.take_work() is not None
    assert not one.is_full
