"""What the health endpoint answers for the condition of a worker."""

import asyncio
import logging
from collections import Counter
from typing import Any

import aiokafka
import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient, TestServer

from schemas.rejected import RejectReason
from streams.evaluation.transition import AlertReason, Kind
from streams.health import counts
from streams.health.condition import Assigned, Condition, Held, PartitionCondition
from streams.health.endpoint import health_app, served
from streams.health.metrics import Metrics
from tests.ports import free_port

TOPIC = "slo.webhook.v1"
COUNTS = Counter(
    {
        counts.RECORDS: 9,
        counts.COUNTED: 6,
        counts.rejected(RejectReason.TOO_LATE): 2,
        counts.alerts(Kind.RECOVERY, AlertReason.NO_DATA): 1,
        counts.ROWS: 0,
    }
)


def app(*partitions: Assigned) -> tuple[web.Application, Metrics]:
    def look() -> Condition:
        return Condition(1_000.0, True, partitions, {TOPIC: COUNTS})

    metrics = Metrics(look)
    return health_app(look, 30, metrics), metrics


def ready(settled_s: float, lag: int | None = 0, watermark_ms: int | None = None) -> Assigned:
    return Assigned(TOPIC, 0, PartitionCondition(settled_s, lag, Held(watermark_ms, 5, 1, 2)))


async def answer(application: web.Application, path: str) -> tuple[int, Any]:
    async with TestClient(TestServer(application)) as client, client.get(path) as response:
        return response.status, await response.json()


def test_a_worker_that_is_well() -> None:
    async def scenario() -> None:
        application, _ = app(ready(999.0))
        assert await answer(application, "/live") == (200, {"live": True, "reason": None})
        assert await answer(app(ready(999.0))[0], "/ready") == (200, {"ready": True, "reason": None, "restoring": []})

    asyncio.run(scenario())


def test_a_worker_that_is_not() -> None:
    async def scenario() -> None:
        reason = "no commit within 30 s: slo.webhook.v1[0] 50 s"
        assert await answer(app(ready(950.0))[0], "/live") == (503, {"live": False, "reason": reason})
        reason = "being restored: slo.webhook.v1[3]"
        expected = {"ready": False, "reason": reason, "restoring": ["slo.webhook.v1[3]"]}
        assert await answer(app(Assigned(TOPIC, 3, None))[0], "/ready") == (503, expected)

    asyncio.run(scenario())


def test_metrics_are_by_topic() -> None:
    _, metrics = app(ready(990.0, lag=7, watermark_ms=5_000), ready(998.0, lag=None), Assigned(TOPIC, 2, None))
    metrics.taken_over(TOPIC, 0.2)
    metrics.committed(TOPIC, 0.03, [4.0, 70.0])
    metrics.audited("slo.apps.v1", ())
    metrics.audited("slo.apps.v1", [RejectReason.SCHEMA, RejectReason.NOT_JSON, RejectReason.SCHEMA])
    lines = set(metrics.exposition().decode().splitlines())
    assert lines >= {
        'slo_streams_records_total{topic="slo.webhook.v1"} 9.0',
        'slo_streams_events_total{topic="slo.webhook.v1",verdict="counted"} 6.0',
        'slo_streams_rejected_total{reason="too_late",topic="slo.webhook.v1"} 2.0',
        'slo_streams_reference_rejected_total{reason="schema",topic="slo.apps.v1"} 2.0',
        'slo_streams_reference_rejected_total{reason="too_large",topic="slo.apps.v1"} 0.0',
        'slo_streams_alerts_total{kind="RECOVERY",reason="NO_DATA",topic="slo.webhook.v1"} 1.0',
        'slo_streams_rows_total{topic="slo.webhook.v1"} 0.0',
        'slo_streams_partitions{topic="slo.webhook.v1"} 2.0',
        'slo_streams_partitions_restoring{topic="slo.webhook.v1"} 1.0',
        'slo_streams_lag_records{topic="slo.webhook.v1"} 7.0',
        'slo_streams_watermark_seconds{topic="slo.webhook.v1"} 5.0',
        'slo_streams_commit_age_seconds{topic="slo.webhook.v1"} 10.0',
        'slo_streams_series{topic="slo.webhook.v1"} 10.0',
        'slo_streams_open_breaches{topic="slo.webhook.v1"} 2.0',
        'slo_streams_commit_seconds_bucket{le="0.05",topic="slo.webhook.v1"} 1.0',
        'slo_streams_restore_seconds_count{topic="slo.webhook.v1"} 1.0',
        'slo_streams_alert_delay_seconds_bucket{le="60.0",topic="slo.webhook.v1"} 1.0',
    }


def test_a_topic_whose_partitions_are_elsewhere_has_no_watermark() -> None:
    _, metrics = app()
    text = metrics.exposition().decode()
    assert 'slo_streams_lag_records{topic="slo.webhook.v1"} 0.0' in text
    assert "slo_streams_watermark_seconds{" not in text


def test_a_port_that_is_taken_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        first, second, port = app()[0], app()[0], free_port()
        async with (
            served(first, "127.0.0.1", port),
            served(second, "127.0.0.1", port),
            ClientSession() as session,
            session.get(f"http://127.0.0.1:{port}/live") as response,
        ):
            assert response.status == 200

    with caplog.at_level(logging.WARNING):
        asyncio.run(scenario())
    (said,) = caplog.messages
    assert said.startswith("no health endpoint (SLO_HEALTH_HOST, SLO_HEALTH_PORT): ")
    assert "address already in use. Another process on this machine has it: set SLO_HEALTH_PORT" in said


@pytest.mark.parametrize(
    ("paths", "said"), [(["/metrics"], "metrics at {}/metrics"), (["/live", "/ready"], "metrics at {} (/live, /ready)")]
)
def test_where_it_is_to_be_found_is_said(caplog: pytest.LogCaptureFixture, paths: list[str], said: str) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response()

    async def scenario(port: int) -> None:
        served_app = web.Application()
        served_app.add_routes([web.get(path, answer) for path in paths])
        async with served(served_app, "127.0.0.1", port, name="metrics", port_setting="SLO_GATEWAY_HEALTH_PORT"):
            pass

    port = free_port()
    with caplog.at_level(logging.INFO):
        asyncio.run(scenario(port))
    assert caplog.messages == [said.format(f"http://127.0.0.1:{port}")]


def test_port_0_is_for_no_endpoint(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with served(app()[0], "127.0.0.1", 0):
            pass

    with caplog.at_level(logging.INFO):
        asyncio.run(scenario())
    assert caplog.messages == []


def test_the_build_and_what_is_heard_are_told() -> None:
    _, metrics = app(ready(999.0))
    text = metrics.exposition().decode()
    assert f'slo_streams_build_info{{aiokafka="{aiokafka.__version__}",crc32c="c",' in text
    for name in ("group_heartbeat_age", "fetch_age", "reference_wait", "brokers_away"):
        assert f"slo_streams_{name}_seconds 0.0" in text
    assert "slo_streams_clock_is_brokers 0.0" in text
    assert "slo_streams_clock_ahead_seconds" not in text
