"""A lease is over before the broker can have given the partitions to anybody else."""

import asyncio
from typing import Any

import pytest

from streams.prober.lease import Lease


class Coordinator:
    """Answers heartbeats as it is told, and takes its time."""

    def __init__(self) -> None:
        self.now_s, self.answers, self.takes_s = 100.0, True, 0.0

    @property
    def _coordinator(self) -> Any:
        return self

    async def _do_heartbeat(self) -> bool:
        self.now_s += self.takes_s
        return self.answers


def test_it_counts_from_when_the_last_answered_heartbeat_was_sent() -> None:
    consumer = Coordinator()
    lease = Lease(10.0, lambda: consumer.now_s)
    lease.follow(consumer)
    assert not lease.is_fresh()
    assert lease.age_s() is None

    consumer.takes_s = 4.0
    assert asyncio.run(consumer._do_heartbeat())
    consumer.now_s = 109.9
    assert lease.is_fresh()
    assert lease.age_s() == pytest.approx(9.9)
    consumer.now_s = 110.0
    assert not lease.is_fresh()


def test_a_heartbeat_that_is_refused_renews_nothing() -> None:
    consumer = Coordinator()
    lease = Lease(10.0, lambda: consumer.now_s)
    lease.follow(consumer)
    consumer.answers = False
    assert not asyncio.run(consumer._do_heartbeat())
    assert not lease.is_fresh()
