"""A prober as it runs: of the catalogue or of a list, its results through the gate, its health on a port of its own."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import chain

from aiokafka import AIOKafkaProducer

from schemas.apps import App
from streams.health.endpoint import plain_health_app, served
from streams.outbound.reach import Reach
from streams.prober.check import checker
from streams.prober.clock import SteadyClock, SystemClock
from streams.prober.confirm import confirmations
from streams.prober.follow import catalogue_follower
from streams.prober.gate import Gate
from streams.prober.heartbeat import heartbeat_record, send_heartbeats
from streams.prober.lease import Lease
from streams.prober.metrics import ProberMetrics
from streams.prober.prober import Counts, Prober
from streams.prober.publish import report_to
from streams.prober.references import References
from streams.prober.targets import HealthTarget, targets_of
from streams.prober.trust import SelfTrust
from streams.settings import Settings, WhatBecomes

_LOOK_S = 1.0


def reach_of(settings: Settings) -> Reach:
    """What may be called."""
    return Reach(settings.prober_ports, settings.prober_allow_private)


@asynccontextmanager
async def catalogue_prober(settings: Settings, producer: AIOKafkaProducer) -> AsyncIterator[Prober]:
    """A prober to run: of this member's share of the catalogue. Leaving the context hands the share to others.

    Raises:
        MissingTopicError: there is no catalogue.
        UnknownTopicOrPartitionError: there is no topic to report to.
        ExceptionGroup: of KafkaError: the brokers refuse to go on.
    """
    lease = Lease(settings.session_timeout / 1_000)
    async with _prober(settings, producer, lease) as prober:

        def watch(partition: int, apps: Iterable[App]) -> None:
            prober.watch(partition, chain.from_iterable(map(targets_of, apps)))

        async with (
            catalogue_follower(settings, settings.prober_group_id, lease, watch) as follower,
            asyncio.TaskGroup() as group,
        ):
            following = group.create_task(follower.run())
            yield prober
            following.cancel()


@asynccontextmanager
async def list_prober(
    settings: Settings, producer: AIOKafkaProducer, targets: Sequence[HealthTarget]
) -> AsyncIterator[Prober]:
    """A prober to run: of these URLs.

    Raises:
        UnknownTopicOrPartitionError: there is no topic to report to.
    """
    async with _prober(settings, producer) as prober:
        prober.watch("list", targets)
        yield prober


@asynccontextmanager
async def _prober(settings: Settings, producer: AIOKafkaProducer, lease: Lease | None = None) -> AsyncIterator[Prober]:
    """Without a lease it shares its URLs with nobody."""
    may_check: Callable[[], bool] = (lambda: True) if lease is None else lease.is_fresh
    report = await report_to(producer, settings)
    clock, counts = SteadyClock(SystemClock()), Counts()
    async with AsyncExitStack() as stack:
        checks = await stack.enter_async_context(checker(reach_of(settings)))
        confirming = (
            await stack.enter_async_context(confirmations(settings, checks, producer))
            if settings.prober_confirm
            else None
        )
        gate = Gate(
            report,
            SelfTrust(settings.prober_interval),
            References(checks, settings.prober_reference_urls, time.monotonic),
            clock,
            counts.left_out,
            is_good_elsewhere=None if confirming is None else confirming.is_good_elsewhere,
            reports_suspended=settings.prober_suspended is WhatBecomes.REPORT,
        )
        metrics = ProberMetrics(
            counts,
            lambda: len(prober),
            lambda: gate.suspension.results,
            (lambda: None) if lease is None else lease.age_s,
        )
        prober = Prober(
            checks,
            gate,
            settings.prober_interval,
            may_check=may_check,
            went=gate.forget,
            started=metrics.started,
            clock=clock,
            counts=counts,
        )
        health = plain_health_app(
            lambda: None,  # what it cannot get over ends it
            lambda: None if may_check() else "not yet, or no longer, in the consumer group",
            metrics.exposition,
        )
        port = settings.prober_health_port
        async with (
            served(health, settings.health_host, port, port_setting="SLO_PROBER_HEALTH_PORT"),
            asyncio.TaskGroup() as group,
        ):
            heartbeat = lambda: heartbeat_record(settings, counts, len(prober), gate.suspension, clock.now_ms())  # noqa: E731
            beside = [_look_on(gate), send_heartbeats(settings, producer, heartbeat)]
            if confirming is not None:
                beside.append(confirming.run())
            tasks = [group.create_task(one) for one in beside]
            yield prober
            for task in tasks:
                task.cancel()
        await gate.close()


async def _look_on(gate: Gate) -> None:
    while True:
        await gate.look()
        await asyncio.sleep(_LOOK_S)
