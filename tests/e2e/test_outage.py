"""Kafka is away when a worker starts, and goes away under one: it waits, alive and not ready, and then goes on."""

import asyncio
from pathlib import Path

import orjson
import pytest

from streams.broker import EmbeddedKafka
from streams.exits import ExitCode
from streams.objectives import read_objectives
from streams.version import own_version
from tests.e2e.flow import SHORT_SESSION_S, Flow
from tests.e2e.test_health import Endpoint
from tests.model.generate import random_log
from tests.ports import free_port

SOON_BACK = {"broker.session.timeout.ms": "3000", "broker.heartbeat.interval.ms": "500"}


@pytest.mark.long
@pytest.mark.timeout(400)
def test_a_worker_waits_for_its_brokers(tmp_path: Path) -> None:
    broker = EmbeddedKafka(free_port(), data_dir=tmp_path / "kafka", overrides=SOON_BACK)
    flow = Flow(broker.bootstrap_servers, "outage.", tmp_path, partitions=2, session_s=SHORT_SESSION_S)
    flow.event_stamp = "LogAppendTime"  # as the worker makes its topics

    async def scenario() -> None:
        port = free_port()
        worker = flow.start_worker(SLO_HEALTH_PORT=str(port))
        endpoint = Endpoint(worker, port)
        waiting = orjson.loads(await endpoint.becomes("/ready", 503))["reason"]
        assert await endpoint.get("/live") == (200, '{"live":true,"reason":null}')
        assert waiting in {
            "not yet in the consumer group",
            f"waiting for Kafka: no Kafka broker answers at {broker.bootstrap_servers} as it should",
        }
        await worker.says("waiting up to 300 s")
        broker.start()
        await endpoint.becomes("/ready", 200)

        broker.kill()
        await worker.says("no Kafka broker answers; waiting up to 300 s for one")
        assert "no Kafka broker has answered for" in await endpoint.becomes("/ready", 503)
        assert await endpoint.get("/live") == (200, '{"live":true,"reason":null}')
        broker.start()
        await endpoint.becomes("/ready", 200)

        await flow.produce(flow.place(random_log(5, 500, partitions=flow.partitions)))
        await flow.wait_until_read()
        assert (await flow.check()).all_alerts
        assert await worker.stop() == ExitCode.DONE
        first, *rest, last = worker.log.splitlines()
        assert f"of group {flow.application_id} at {flow.bootstrap_servers}, SLO_CLOCK=event; objectives of" in first
        assert any(line.endswith("asked to stop; storing what is left") for line in rest)
        assert last.endswith("stopped")

    try:
        asyncio.run(scenario())
    finally:
        flow.stop()
        broker.kill()


def test_it_ends_when_its_patience_does(tmp_path: Path) -> None:
    async def scenario() -> None:
        worker = flow.start_worker(SLO_BROKER_PATIENCE="1s", SLO_HEALTH_PORT="0")
        assert await worker.end() == ExitCode.UNAVAILABLE
        first, *_, last = worker.log.splitlines()
        judged = ", ".join(objective.name for objective in read_objectives().judged)
        assert f" worker {own_version()} of group {flow.application_id} at {flow.bootstrap_servers}, SLO_CLOCK" in first
        assert first.endswith(f"; objectives of the shipped file: {judged}")
        assert last.endswith("after 1 s (SLO_BROKER_PATIENCE); exiting")
        assert "Traceback" not in worker.log

    flow = Flow(f"127.0.0.1:{free_port()}", "outage.", tmp_path)
    try:
        asyncio.run(scenario())
    finally:
        flow.stop()
