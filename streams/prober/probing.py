"""A prober of the catalogue: checks the URLs of its share of the apps, as they come and go."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from itertools import chain

from aiokafka import AIOKafkaProducer

from schemas.apps import App
from streams.prober.check import checker
from streams.prober.follow import catalogue_follower
from streams.prober.lease import Lease
from streams.prober.prober import Prober
from streams.prober.publish import report_to
from streams.prober.reach import Reach
from streams.prober.targets import targets_of
from streams.settings import Settings


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
    report = await report_to(producer, settings)
    lease = Lease(settings.session_timeout / 1_000)
    async with checker(reach_of(settings)) as checks:
        prober = Prober(checks, report, settings.prober_interval, may_check=lease.is_fresh)

        def watch(partition: int, apps: Iterable[App]) -> None:
            prober.watch(partition, chain.from_iterable(map(targets_of, apps)))

        async with (
            catalogue_follower(settings, settings.prober_group_id, lease, watch) as follower,
            asyncio.TaskGroup() as group,
        ):
            following = group.create_task(follower.run())
            yield prober
            following.cancel()
