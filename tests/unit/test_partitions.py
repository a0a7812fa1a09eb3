"""What a worker does with its partitions, where no broker is needed to tell."""

import asyncio
from typing import NoReturn

import pytest
from aiokafka.errors import KafkaConnectionError
from faust.types import TP

from streams.broker.probe import free_port
from streams.names import WEBHOOK, Topics
from streams.reference.follower import Follower
from streams.reference.reference import Reference
from streams.settings import Settings
from streams.tables.rows import Meta
from streams.unit import gaps, takeover
from streams.unit.commit import Ledger
from streams.unit.gaps import Gaps
from streams.unit.partitions import Partitions
from streams.unit.unit import Unit

TOPIC = Topics().input(WEBHOOK)


class EndedError(BaseException):
    """The process would have ended."""


def end(problem: BaseException, doing: str) -> NoReturn:
    raise EndedError(doing) from problem


def unreachable() -> Settings:
    """Settings with an address where no broker answers."""
    return Settings(bootstrap_servers=f"127.0.0.1:{free_port()}")


def new_unit() -> Unit:
    return Unit(WEBHOOK, Topics(), 3, lambda _key: True, [], 0, Reference(Topics()), Meta(5, None, 0))


def test_what_is_revoked_before_its_turn_is_not_taken_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """To take over without a broker would end the process."""

    async def scenario() -> None:
        partitions = Partitions(unreachable(), [])
        assigned = [TP(TOPIC, partition) for partition in range(8)]
        partitions.take(assigned)
        await partitions.release(assigned)

    monkeypatch.setattr(takeover, "exit_on", end)
    asyncio.run(scenario())


def test_a_rebalance_waits_for_no_take_over(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, closed = asyncio.Event(), asyncio.Event()
    really_close = Ledger.close

    async def never(_: object) -> NoReturn:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    async def close(ledger: Ledger) -> None:
        await really_close(ledger)
        closed.set()

    async def known(_: object) -> None:
        """Catalogue and exclusions are as they are."""

    async def scenario() -> None:
        partitions = Partitions(unreachable(), [])
        tp = TP(TOPIC, 0)
        partitions.take([tp])
        await begun.wait()
        assert not partitions.is_ready(tp)
        async with asyncio.timeout(60):
            await partitions.release([tp])
        assert closed.is_set()
        assert partitions.condition().partitions == ()

    monkeypatch.setattr(Follower, "catch_up", known)
    monkeypatch.setattr(Ledger, "open", never)
    monkeypatch.setattr(Ledger, "close", close)
    asyncio.run(scenario())


def test_a_gap_that_cannot_be_looked_into_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else its partition would stand still until the next record comes."""

    async def no_answer(*_: object) -> NoReturn:
        raise KafkaConnectionError

    async def scenario() -> None:
        with pytest.raises(EndedError, match=r"looking for records 5 to 6 of slo\.webhook\.v1\[3\]") as ended:
            await Gaps(unreachable()).close(TP(TOPIC, 3), new_unit(), 7)
        assert isinstance(ended.value.__cause__, KafkaConnectionError)

    monkeypatch.setattr(gaps, "_oldest_offset", no_answer)
    monkeypatch.setattr(gaps, "exit_on", end)
    asyncio.run(scenario())
