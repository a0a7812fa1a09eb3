"""Which partitions a worker takes over, where no broker is needed to tell."""

import asyncio
from collections import Counter

from faust.types import TP

from streams.broker.probe import free_port
from streams.settings import Settings
from streams.unit.partitions import Partitions


def test_what_is_revoked_before_its_turn_is_not_taken_over() -> None:
    """To take over without a broker would end this process."""

    async def scenario() -> None:
        settings = Settings(bootstrap_servers=f"127.0.0.1:{free_port()}")
        partitions = Partitions(settings, [])
        assigned = [TP("slo.webhook.v1", partition) for partition in range(8)]
        partitions.take(assigned)
        await partitions.release(assigned)
        assert partitions.counts == Counter()

    asyncio.run(scenario())
