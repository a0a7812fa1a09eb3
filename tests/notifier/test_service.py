"""The notifier on a real broker, database and mail server: what lies on the alerts topic is mailed, whoever dies."""

import asyncio
import signal
import time
from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from aiohttp import ClientSession
from aiokafka import AIOKafkaProducer

from streams.exits import ExitCode
from streams.outlet.alert import records_of
from tests.e2e.conftest import flow as flow
from tests.e2e.flow import SHORT_SESSION_S, Flow, WorkerProcess
from tests.model import murmur2_partition
from tests.notifier.mail_server import MailServer, mail_server
from tests.notifier.office import SRE, breach, recovery
from tests.ports import free_port
from tests.waiting import wait_for


def start(flow: Flow, url: str, server: MailServer, **settings: str) -> WorkerProcess:
    """A notifier."""
    more = {
        "SLO_DATABASE_URL": url,
        "SLO_NOTIFIER_PORT": "0",
        "SLO_SMTP_URL": server.url,
        "SLO_MAIL_FROM": "SLO <slo@slo.example>",
        **settings,
    }
    return flow.start_worker(command="notifier", **more)


async def publish(flow: Flow, alerts: Sequence[dict[str, Any]]) -> None:
    """As a worker does, with the catalogue before."""
    async with AIOKafkaProducer(bootstrap_servers=flow.bootstrap_servers, acks="all") as producer:
        for app_key in {alert["appKey"] for alert in alerts}:
            app = {
                "appKey": app_key,
                "name": "any",
                "partnerName": "Acme",
                "email": SRE,
                "healthcheckUrls": [],
                "excludedClientKeys": [],
            }
            await producer.send_and_wait(flow.topics.apps, orjson.dumps(app), app_key.encode())
        for alert in alerts:
            record, _ = records_of(alert, flow.topics, flow.application_id)
            partition = murmur2_partition(alert["appKey"].encode(), flow.partitions)
            await producer.send(flow.topics.alerts, record.value, record.key, partition, headers=record.headers)
        await producer.flush()


def now_ms() -> int:
    return int(time.time()) // 60 * 60_000


async def arrived(server: MailServer, messages: int, workers: Sequence[WorkerProcess], timeout_s: float = 120) -> None:
    async def all_there() -> bool:
        return len({str(one.mail["Message-ID"]) for one in server.received}) >= messages

    await wait_for(all_there, timeout_s, f"{messages} mails", workers)


@pytest.mark.timeout(300)
def test_what_is_published_is_mailed_while_notifiers_die(flow: Flow, database: str) -> None:
    async def scenario() -> None:
        flow.session_s = SHORT_SESSION_S
        await flow.create_topics()
        alerts = [breach(f"app-{i}", at_ms=now_ms()) for i in range(40)]
        async with mail_server() as server:
            first = start(flow, database, server)
            await first.says("going on at")
            await publish(flow, alerts[:20])
            await arrived(server, 20, [first])
            second = start(flow, database, server)
            await second.says("going on at")
            first.kill()
            await publish(flow, [*alerts[20:], *map(recovery, alerts)])
            await arrived(server, 80, [second])
            assert await second.stop() == 0
            for alert in alerts:
                mine = [one for one in server.received if one.mail["X-SLO-Incident"] == alert["incidentId"]]
                assert [str(one.mail["X-SLO-Type"]) for one in mine] == ["BREACH", "RECOVERY"]

    asyncio.run(scenario())


def test_it_tells_how_it_is_and_takes_rubbish(flow: Flow, database: str) -> None:
    port = free_port()

    async def scenario() -> None:
        await flow.create_topics()
        async with mail_server() as server:
            service = start(flow, database, server, SLO_NOTIFIER_PORT=str(port))
            await service.says("going on at")
            async with AIOKafkaProducer(bootstrap_servers=flow.bootstrap_servers) as producer:
                await producer.send_and_wait(flow.topics.alerts, b"rubbish", b"x", partition=0)
            await publish(flow, [breach(at_ms=now_ms())])
            await arrived(server, 1, [service])
            async with ClientSession(f"http://127.0.0.1:{port}") as client:
                for path in ("live", "ready"):
                    async with client.get(f"/{path}") as answer:
                        assert (answer.status, path) == (200, path)

                async def is_recorded() -> bool:
                    async with client.get("/metrics") as answer:
                        text = await answer.text()
                    assert 'slo_streams_deliveries_dead{channel="smtp"} 0.0' in text
                    return 'slo_streams_delivery_attempts_total{channel="smtp",outcome="accepted"} 1.0' in text

                await wait_for(is_recorded, 30, "the attempt to be recorded", [service])
            assert "is passed over: not_json" in service.log
            service.signal(signal.SIGTERM)
            assert await service.end() == 0

    asyncio.run(scenario())


def test_a_database_without_the_schema_is_refused(flow: Flow, empty_database: str) -> None:
    async def scenario() -> None:
        service = start(flow, empty_database, MailServer(port=1))
        assert await service.end() == ExitCode.REFUSED
        assert "Run `slo-streams database migrate`" in service.log

    asyncio.run(scenario())


def test_all_wrong_settings_are_told_at_once(flow: Flow, database: str) -> None:
    async def scenario() -> None:
        more = {"SLO_SMTP_URL": "http://secret@mail", "SLO_MAIL_FROM": "nobody", "SLO_PUBLIC_URL": "here"}
        service = start(flow, database, MailServer(), **more)
        assert await service.end() == ExitCode.MISUSED
        for name in more:
            assert f"{name}: " in service.log
        assert "secret" not in service.log

    asyncio.run(scenario())
