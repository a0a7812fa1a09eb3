"""A prober whose way out breaks, on a real Kafka: what it tells, and what it does not."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import orjson
from prometheus_client.parser import text_string_to_metric_families

from streams.client.producer import acknowledged_producer
from streams.kafka.topic_setup import prepare_topics
from streams.prober.probing import list_prober
from streams.prober.targets import HealthTarget
from streams.settings import Settings
from tests.cli.test_kafka_commands import settings
from tests.e2e.flow import Flow
from tests.ports import free_port
from tests.prober.servers import healthy, refusing, serving
from tests.waiting import wait_for

__all__ = ["settings"]

URLS = 10


def test_an_outage_of_its_own_is_no_outage_of_the_apps(settings: Settings, tmp_path: Any) -> None:
    async def scenario() -> None:
        async with AsyncExitStack() as stack:
            port = free_port()
            base = await stack.enter_async_context(serving(healthy))
            reference = AsyncExitStack()
            reference_url = await reference.enter_async_context(serving(healthy))
            ours = settings.model_copy(
                update={
                    "prober_allow_private": True,
                    "prober_interval": 1_000,
                    "prober_reference_urls": (reference_url,),
                    "prober_health_port": port,
                    "heartbeat_interval": 200,
                }
            )
            await prepare_topics(ours)
            producer = await stack.enter_async_context(acknowledged_producer(ours))
            targets = [HealthTarget(app_key=f"com.example.app-{index}", url=f"{base}/{index}") for index in range(URLS)]
            prober = await stack.enter_async_context(list_prober(ours, producer, targets))
            group = await stack.enter_async_context(asyncio.TaskGroup())
            group.create_task(prober.run())
            flow = Flow(ours.bootstrap_servers, ours.topic_prefix, tmp_path, partitions=ours.partitions)

            async def heartbeat() -> dict[str, Any]:
                records = await flow.read(ours.topics.heartbeat)
                return orjson.loads(records[-1].value)["prober"] if records else {}

            async def has_checked() -> bool:
                return bool((await heartbeat()).get("good", 0) >= URLS)

            await wait_for(has_checked, 60, "the first round")
            # Now nothing can be reached: neither the apps, which are held to be well, nor the reference.
            await reference.aclose()
            nowhere = stack.enter_context(refusing())
            prober.watch("list", [one.model_copy(update={"url": f"{nowhere}/"}) for one in targets])

            async def is_suspended() -> bool:
                found = await heartbeat()
                return found["suspendedSince"] is not None and found["suspendedBad"] >= URLS

            await wait_for(is_suspended, 60, "the prober to suspend")
            metrics = await exposition(port)
            assert metrics["slo_streams_prober_suspended_results",] >= URLS
            assert metrics["slo_streams_prober_urls",] == URLS
            assert metrics["slo_streams_prober_checks_total", "good"] >= URLS
            assert metrics["slo_streams_prober_left_out_total", "descriptors"] == 0
            prober.stop()
        records = [orjson.loads(one.value) for one in await flow.read(f"{ours.topic_prefix}healthcheck.v1")]
        statuses = Counter(one["statusCode"] for one in records)
        assert set(statuses) == {200}
        assert statuses[200] >= URLS

    asyncio.run(scenario())


async def exposition(port: int) -> dict[tuple[str, ...], float]:
    """Samples of the health port, by name and labels; and it is live and ready."""
    async with aiohttp.ClientSession() as session:
        for path in ("/live", "/ready"):
            async with session.get(f"http://127.0.0.1:{port}{path}") as response:
                assert response.status == 200
        async with session.get(f"http://127.0.0.1:{port}/metrics") as response:
            text = await response.text()
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
