"""The numbers of the status line."""

from streams.kafka.progress import PartitionProgress
from streams.run.tally import Tally


def partition(number: int, next_offset: int, end_offset: int = 10_000) -> PartitionProgress:
    return PartitionProgress("slo.webhook.v1", number, end_offset, next_offset, None)


def test_events_are_counted_from_the_start_of_the_job() -> None:
    tally = Tally([partition(0, 500), partition(1, 100)], [], now_s=10.0)
    status = tally.status([partition(0, 700), partition(1, 400)], now_s=12.0)
    assert (status.events, status.events_per_s) == (500, 250.0)
    assert status.lag == 9_300 + 9_600


def test_the_rate_is_that_of_the_last_few_looks() -> None:
    tally = Tally([partition(0, 0)], [], now_s=0.0)
    for second in range(1, 4):
        tally.status([partition(0, 1_000 * second)], now_s=second)
    rates = [tally.status([partition(0, 3_000)], now_s=second).events_per_s for second in range(4, 12)]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == 0.0


def test_two_looks_at_the_same_moment_have_no_rate() -> None:
    assert Tally([], [], now_s=1.0).status([partition(0, 5)], now_s=1.0).events_per_s == 0.0
