"""What a worker does with its partitions, where no broker is needed to tell."""

import asyncio
import time
from contextlib import suppress
from typing import NoReturn

import pytest
from aiokafka.errors import KafkaConnectionError
from faust.types import TP

from streams.exits import ExitCode
from streams.names import WEBHOOK, Topics
from streams.ownership import gaps
from streams.ownership.endings import Endings
from streams.ownership.gaps import Gaps
from streams.ownership.partitions import TAKE_OVERS_AT_ONCE, Partitions
from streams.reference.follower import Follower
from streams.reference.reference import Reference
from streams.settings import APPLICATION_ID, Settings
from streams.tables.rows import Meta
from streams.unit.assembly import evaluator_partitions
from streams.unit.store import KafkaStore
from streams.unit.unit import Unit
from tests.ports import free_port

TOPIC = Topics().input(WEBHOOK)


class EndedError(BaseException):
    """The process would have ended."""


def ended(code: int) -> NoReturn:
    raise EndedError(code)


def partitions_of(settings: Settings) -> Partitions[Unit]:
    return evaluator_partitions(settings, [], Endings(ended))


def unreachable() -> Settings:
    """Settings with an address where no broker answers."""
    return Settings(bootstrap_servers=f"127.0.0.1:{free_port()}")


def new_unit() -> Unit:
    return Unit(WEBHOOK, Topics(), APPLICATION_ID, 3, lambda _key: True, [], 0, Reference(Topics()), Meta(5, None, 0))


def test_what_is_revoked_before_its_turn_is_not_taken_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many are taken over at a time; the others wait for their turn, and what is revoked never gets one."""
    opened: list[int] = []

    async def scenario() -> None:
        never, all_turns = asyncio.Event(), asyncio.Event()

        async def known(_: object) -> None:
            """Catalogue and exclusions are as they are."""

        async def open_for_ever(store: KafkaStore) -> None:
            opened.append(store.source.partition)
            if len(opened) == TAKE_OVERS_AT_ONCE:
                all_turns.set()
            await never.wait()

        monkeypatch.setattr(Follower, "catch_up", known)
        monkeypatch.setattr(KafkaStore, "open", open_for_ever)
        partitions = partitions_of(unreachable())
        assigned = [TP(TOPIC, partition) for partition in range(2 * TAKE_OVERS_AT_ONCE)]
        partitions.take(assigned)
        async with asyncio.timeout(60):
            await all_turns.wait()
            await partitions.release(assigned)
        assert not any(partitions.is_ready(tp) for tp in assigned)

    asyncio.run(scenario())
    assert len(opened) == TAKE_OVERS_AT_ONCE


def test_what_was_kept_has_its_turn_before_what_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[int] = []
    kept = 2 * TAKE_OVERS_AT_ONCE - 1

    async def scenario() -> None:
        all_turns = asyncio.Event()

        async def known(_: object) -> None:
            """Catalogue and exclusions are as they are."""

        async def open_for_ever(store: KafkaStore) -> None:
            opened.append(store.source.partition)
            if len(opened) == TAKE_OVERS_AT_ONCE:
                all_turns.set()
            await asyncio.Event().wait()

        monkeypatch.setattr(Follower, "catch_up", known)
        monkeypatch.setattr(KafkaStore, "open", open_for_ever)
        partitions = partitions_of(unreachable())
        partitions._retained.put(TP(TOPIC, kept), new_unit(), None)
        assigned = [TP(TOPIC, partition) for partition in range(kept + 1)]
        partitions.take(assigned)
        async with asyncio.timeout(60):
            await all_turns.wait()
            await partitions.release(assigned)

    asyncio.run(scenario())
    assert opened == [kept, *range(TAKE_OVERS_AT_ONCE - 1)]


def test_a_rebalance_waits_for_no_take_over(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, closed = asyncio.Event(), asyncio.Event()
    really_close = KafkaStore.close

    async def never(_: object) -> NoReturn:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    async def close(ledger: KafkaStore) -> None:
        await really_close(ledger)
        closed.set()

    async def known(_: object) -> None:
        """Catalogue and exclusions are as they are."""

    async def scenario() -> None:
        partitions = partitions_of(unreachable())
        tp = TP(TOPIC, 0)
        partitions.take([tp])
        await begun.wait()
        assert not partitions.is_ready(tp)
        async with asyncio.timeout(60):
            await partitions.release([tp])
        assert closed.is_set()
        assert partitions.condition().partitions == ()

    monkeypatch.setattr(Follower, "catch_up", known)
    monkeypatch.setattr(KafkaStore, "open", never)
    monkeypatch.setattr(KafkaStore, "close", close)
    asyncio.run(scenario())


def test_a_worker_that_stood_still_fences_nobody_before_it_hears_the_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped before a take-over, and given up meanwhile: when it goes on, its heir has the partition."""
    opened = asyncio.Event()

    async def known(_: object) -> None:
        """Catalogue and exclusions are as they are."""

    async def open_for_ever(_: KafkaStore) -> None:
        opened.set()
        await asyncio.Event().wait()

    async def scenario() -> None:
        partitions, tp = partitions_of(unreachable()), TP(TOPIC, 0)
        partitions.contact.heard_s = time.monotonic() - 3_600
        partitions.take([tp])
        with suppress(TimeoutError):
            async with asyncio.timeout(0.3):
                await opened.wait()
        assert not opened.is_set()
        partitions.contact.heard()
        async with asyncio.timeout(60):
            await opened.wait()
        await partitions.release([tp])

    monkeypatch.setattr(Follower, "catch_up", known)
    monkeypatch.setattr(KafkaStore, "open", open_for_ever)
    asyncio.run(scenario())


def test_a_gap_that_cannot_be_looked_into_ends_the_process(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Else its partition would stand still until the next record comes."""

    async def no_answer(*_: object) -> NoReturn:
        raise KafkaConnectionError

    async def scenario() -> None:
        with pytest.raises(EndedError, match=f"{ExitCode.BROKEN:d}"):
            await Gaps(unreachable(), Endings(ended)).close(TP(TOPIC, 3), new_unit(), 7)

    monkeypatch.setattr(gaps, "_oldest_offset", no_answer)
    asyncio.run(scenario())
    assert "looking for records 5 to 6 of slo.webhook.v1[3]: KafkaConnectionError" in caplog.text
