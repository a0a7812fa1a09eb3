"""Alerts of history on a real Kafka, by one publisher at a time."""

import asyncio
from datetime import UTC, datetime

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import ProducerFenced

from streams.compact import compact_json
from streams.evaluation.transition import AlertReason, Kind, Transition
from streams.history.published import PublishedAlerts
from streams.history.publisher import Publisher
from streams.names import AVAILABILITY
from streams.objectives import load_objectives
from streams.outlet.alert import alert_document
from streams.reference.catalogue import AppDetails
from streams.settings import Settings
from streams.unit.failpoints import Failpoint
from tests.e2e.conftest import flow as flow
from tests.e2e.flow import Flow

BOUNDARY_MS = int(datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp() * 1_000)


def breach(app_key: str) -> bytes:
    objective = next(one for one in load_objectives() if one.metric == AVAILABILITY.id)
    reason = AlertReason.BELOW_OBJECTIVE
    scope = "https://app.example.com"
    transition = Transition(Kind.BREACH, reason, app_key, scope, objective, BOUNDARY_MS, BOUNDARY_MS, good=1, bad=1)
    return compact_json(alert_document(transition, AppDetails(app_key, None)))


def publisher(flow: Flow) -> Publisher:
    settings = Settings.model_validate(
        {
            "bootstrap_servers": flow.bootstrap_servers,
            "topic_prefix": flow.prefix,
            "application_id": flow.application_id,
            "transaction_timeout": "10s",
        }
    )
    topic = flow.topics.input(AVAILABILITY)
    return Publisher(settings, TopicPartition(topic, 0), Failpoint(None), PublishedAlerts([topic]))


def test_who_was_followed_publishes_nothing(flow: Flow) -> None:
    async def scenario() -> None:
        await flow.create_topics()
        zombie, heir = publisher(flow), publisher(flow)
        assert await zombie.start() == 0
        await zombie.publish([(1, breach("com.example.one"))])
        assert await heir.start() == 1
        with pytest.raises(ProducerFenced):
            await zombie.publish([(2, breach("com.example.two"))])
        await heir.publish([(2, breach("com.example.three"))])
        await zombie.stop()
        await heir.stop()
        again = publisher(flow)
        assert await again.start() == 2
        assert [number for number, _ in await again.since(0)] == [1, 2]
        await again.stop()
        keys = [record.key for record in await flow.read(flow.topics.alerts)]
        assert sorted(key or b"" for key in keys) == [b"com.example.one", b"com.example.three"]

    asyncio.run(scenario())
