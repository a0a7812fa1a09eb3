"""What a worker tells of itself on Kafka, and where it stops by itself."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import orjson
from typer.testing import CliRunner

from schemas import Heartbeat
from streams.cli.app import app
from streams.exits import ExitCode
from tests.e2e.flow import Flow
from tests.e2e.test_bad_input import arriving
from tests.e2e.test_placement import delivery
from tests.model.generate import START_MS
from tests.waiting import wait_for


def test_every_partition_has_a_heartbeat(flow: Flow) -> None:
    async def scenario() -> None:
        await flow.create_topics()
        await flow.produce(flow.place([delivery("com.example.chart", 0)]))
        flow.start_worker(SLO_HEARTBEAT_INTERVAL="1s", SLO_INSTANCE_ID="a")
        await flow.wait_until_read()
        latest: dict[tuple[str, int], Heartbeat] = {}

        async def is_told() -> bool:
            for record in await flow.read(flow.topics.heartbeat):
                heartbeat = Heartbeat.model_validate(orjson.loads(record.value))
                assert orjson.loads(record.key) == [flow.application_id, heartbeat.topic, heartbeat.partition]
                latest[heartbeat.topic, heartbeat.partition] = heartbeat
            has_watermark = any(heartbeat.watermark is not None for heartbeat in latest.values())
            return latest.keys() == set(flow.input_partitions) and has_watermark

        await wait_for(is_told, 60, "a heartbeat of every partition", flow.workers)
        seen = [heartbeat for heartbeat in latest.values() if heartbeat.watermark is not None]
        assert [heartbeat.watermark for heartbeat in seen] == [
            f"{datetime.fromtimestamp(START_MS // 1_000, UTC):%FT%TZ}"
        ]
        assert {heartbeat.worker for heartbeat in latest.values()} == {"a"}

    asyncio.run(scenario())


def test_a_stream_of_rejected_records_stops_the_worker_before_they_are_committed(flow: Flow) -> None:
    async def scenario() -> None:
        await flow.create_topics()
        garbage = flow.place([arriving(b"not JSON")])[0]
        await flow.produce([garbage] * 3_000)
        worker = flow.start_worker(SLO_BRAKE_RECORDS="1000", SLO_INSTANCE_ID="a")
        assert await worker.end() == ExitCode.BAD_INPUT, worker.log
        assert "3,000 of the last 3,000 records were rejected" in worker.log
        assert "Traceback" not in worker.log
        assert len(await flow.rejected()) < 1_000
        flow.start_worker(SLO_BRAKE_RECORDS="0", SLO_INSTANCE_ID="a")  # does not wait until the first is thought dead
        await flow.wait_until_read()
        assert len(await flow.rejected()) == 3_000

    asyncio.run(scenario())


def test_a_watcher_tells_who_judges_and_who_does_not(flow: Flow) -> None:
    async def scenario() -> None:
        await flow.create_topics()
        assert watch(flow)[0] == 1
        worker = flow.start_worker(SLO_HEARTBEAT_INTERVAL="1s", SLO_INSTANCE_ID="a")

        said = ""

        async def is_judged() -> bool:
            nonlocal said
            code, said = watch(flow)
            return code == 0

        await wait_for(is_judged, 90, "every partition to be judged", flow.workers)
        assert f"{len(flow.input_partitions)} partitions are judged" in said
        assert await worker.stop() == 0

        async def is_missed() -> bool:
            return watch(flow, "--older-than", "2s")[0] == 1

        await wait_for(is_missed, 90, "the partitions to be missed")
        assert "the last by a" in watch(flow, "--older-than", "2s")[1]

    asyncio.run(scenario())


def watch(flow: Flow, *options: str) -> tuple[int, str]:
    """Exit code, and what was said; in a thread's event loop of its own, as a command has."""
    with ThreadPoolExecutor(1) as apart:
        result = apart.submit(CliRunner().invoke, app, ["watch", *options], env=flow.environment).result()
    return result.exit_code, result.output
