"""A header name that is no text, on the topics that every worker reads: nobody stops at it."""

import asyncio
from typing import Any

import orjson
from aiokafka import AIOKafkaProducer

from schemas import RejectedHeaders
from streams.names import WEBHOOK
from tests.e2e.flow import Flow
from tests.kafka.test_chunked_records import forged
from tests.model import Record, murmur2_partition
from tests.model.build import LISTED, ORDINARY
from tests.model.generate import HOUR_MS, MINUTE_MS, START_MS
from tests.waiting import wait_for

EARLY, LATER, SPARED, SPARED_LATER = "com.example.early", "com.example.later", "com.example.spared", "com.example.more"


async def send(flow: Flow, topic: str, *records: tuple[str, bytes]) -> None:
    """Append records, all in one batch; the first one's header name is no text."""
    async with AIOKafkaProducer(bootstrap_servers=flow.bootstrap_servers, acks="all") as producer:
        batch = producer.create_batch()
        for number, (key, value) in enumerate(records):
            name = "trace" if number else "odd"
            assert batch.append(key=key.encode(), value=value, timestamp=START_MS, headers=[(name, b"1")]) is not None
        batch._buffer = forged(bytes(batch._build()))
        await (await producer.send_batch(batch, topic, partition=0))


def listed(app: str, name: str) -> tuple[str, bytes]:
    return app, orjson.dumps({"appKey": app, **LISTED, "name": name})


def fault(app: str) -> tuple[str, bytes]:
    declared = {"id": app, "appKey": app, "reason": "PLATFORM_FAULT", "start": START_MS - HOUR_MS, "end": None}
    return app, orjson.dumps(declared)


def failure(flow: Flow, app: str) -> Record:
    body: dict[str, Any] = {"appKey": app, "time": START_MS, **ORDINARY[WEBHOOK.id], "statusCode": 500}
    home = murmur2_partition(app.encode(), flow.partitions)
    return Record(flow.topics.input(WEBHOOK), home, app.encode(), orjson.dumps(body), START_MS)


def test_workers_go_on_and_know_what_comes_later(flow: Flow) -> None:
    async def scenario() -> None:
        await flow.create_topics()
        await send(flow, flow.topics.apps, listed(EARLY, "Early"))
        flow.start_worker()
        await flow.workers[0].says("going on at")
        await send(flow, flow.topics.apps, ("unusable", b"{"), listed(LATER, "Later"))
        await send(flow, flow.topics.exclusions, fault(SPARED), fault(SPARED_LATER), ("unusable", b"{"))
        apps = (EARLY, LATER, SPARED, SPARED_LATER)
        await flow.produce([failure(flow, app) for app in apps])
        await flow.produce(flow.closing_records(START_MS + 5 * MINUTE_MS))
        await flow.wait_until_read()
        alerts = [alert for alerts in (await flow.alerts()).values() for alert in alerts]
        assert sorted((alert["appDetails"]["name"], alert["reason"]) for alert in alerts) == [
            ("Early", "BELOW_OBJECTIVE"),
            ("Later", "BELOW_OBJECTIVE"),
        ]

        async def both_are_kept() -> bool:
            return len(await flow.rejected()) == 2

        await wait_for(both_are_kept, 90, "what is unusable to be kept", flow.workers)
        kept = [RejectedHeaders.from_kafka(record.headers) for record in await flow.read(flow.topics.rejected)]
        assert {(it.topic, it.reason.value) for it in kept} == {(topic, "not_json") for topic in flow.topics.reference}
        for topic in flow.topics.reference:  # as they were meant to be: no text in the log itself
            assert "??d" in [name for record in await flow.read(topic) for name, _ in record.headers]
        assert await flow.workers[0].stop() == 0
        again = flow.start_worker()
        await again.says("going on at")
        assert await again.stop() == 0

    asyncio.run(scenario())
