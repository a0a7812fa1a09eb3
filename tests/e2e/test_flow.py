"""The whole flow: events of all four topics in, breaches and recoveries out, equal to the model's recount."""

import asyncio

from streams.names import METRICS
from tests.e2e.flow import Flow
from tests.model.generate import HOUR_MS, START_MS, random_log


def test_all_four_topics_to_breach_and_recovery(flow: Flow) -> None:
    async def scenario() -> None:
        await flow.create_topics()
        await flow.produce(flow.place(random_log(1, 3_000, partitions=flow.partitions)))
        await flow.produce(flow.closing_records(START_MS + 60 * HOUR_MS))
        flow.start_worker()
        await flow.wait_until_read()
        expected = await flow.check()
        seen = {(alert["metricId"], alert["type"]) for alert in expected.all_alerts}
        assert seen == {(metric, kind) for metric in METRICS for kind in ("BREACH", "RECOVERY")}

    asyncio.run(scenario())


def test_producers_may_compress_as_they_like(flow: Flow) -> None:
    async def scenario() -> None:
        await flow.create_topics()
        log = flow.place(random_log(2, 1_000, partitions=flow.partitions))
        quarter = len(log) // 4
        for number, codec in enumerate(("gzip", "snappy", "lz4", "zstd")):
            await flow.produce(log[number * quarter : (number + 1) * quarter], compression=codec)
        await flow.produce(flow.closing_records(START_MS + 60 * HOUR_MS))
        flow.start_worker()
        await flow.wait_until_read()
        assert (await flow.check()).all_alerts

    asyncio.run(scenario())
