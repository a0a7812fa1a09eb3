"""A bad check is asked of another prober of the group before it counts; on a real Kafka."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import orjson
import pytest
from aiohttp import web

from streams.client.producer import acknowledged_producer
from streams.kafka.topic_setup import prepare_topics
from streams.prober import confirm
from streams.prober.left_out import LeftOut
from streams.prober.prober import Prober
from streams.prober.probing import list_prober
from streams.prober.targets import HealthTarget
from streams.settings import Settings
from tests.cli.test_kafka_commands import settings
from tests.e2e.flow import Flow
from tests.prober.servers import serving
from tests.waiting import wait_for

__all__ = ["settings"]


@asynccontextmanager
async def running(settings: Settings, targets: list[HealthTarget]) -> AsyncIterator[Prober]:
    async with acknowledged_producer(settings) as producer, list_prober(settings, producer, targets) as prober:
        task = asyncio.create_task(prober.run())
        yield prober
        prober.stop()
        await task


def test_what_another_prober_sees_well_does_not_count_and_what_it_does_not_does(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confirm, "WAIT_S", 60.0)  # however slow the machine, the other's answer is waited for
    ours = settings.model_copy(
        update={"prober_allow_private": True, "prober_interval": 1_000, "prober_confirm": True, "prober_health_port": 0}
    )
    visits: Counter[str] = Counter()

    async def handler(request: web.Request) -> web.StreamResponse:
        visits[request.path] += 1
        is_bad = request.path == "/down" or visits[request.path] % 2
        return web.Response(status=500 if is_bad else 200)

    async def scenario() -> None:
        await prepare_topics(ours)
        async with AsyncExitStack() as stack:
            base = await stack.enter_async_context(serving(handler))
            await stack.enter_async_context(running(ours, []))  # only there to be asked
            targets = [HealthTarget(app_key="com.example.app", url=f"{base}/{name}") for name in ("flaps", "down")]
            prober = await stack.enter_async_context(running(ours, targets))

            async def has_asked() -> bool:
                return prober.counts.left_out[LeftOut.UNCONFIRMED] >= 3

            await wait_for(has_asked, 90, "the probers to share the topic, and one to ask the other")
            before = await reported()

            async def are_more() -> bool:
                return prober.counts.left_out[LeftOut.UNCONFIRMED] >= 5

            await wait_for(are_more, 60, "more questions")
        after = await reported()
        # Alone it believes itself; since it has somebody to ask, nothing bad of this one has been reported.
        assert after["/flaps", 500] == before["/flaps", 500]
        assert after["/down", 500] > before["/down", 500]

    async def reported() -> Counter[tuple[str, int]]:
        flow = Flow(ours.bootstrap_servers, ours.topic_prefix, tmp_path, partitions=ours.partitions)
        records = [orjson.loads(one.value) for one in await flow.read(f"{ours.topic_prefix}healthcheck.v1")]
        return Counter((f"/{one['baseUrl'].rpartition('/')[2]}", one["statusCode"]) for one in records)

    asyncio.run(scenario())
