"""The contract of stores, on Kafka itself."""

import asyncio

import pytest
from aiokafka import AIOKafkaProducer

from streams.names import WEBHOOK, changelog
from streams.settings import Settings
from streams.unit.failpoints import Failpoint
from streams.unit.store import KafkaStore
from tests.kafka_fixture import Kafka
from tests.ownership.store_contract import Harness, StoreContract
from tests.unit.units import RECORDS, UnitHarness


class KafkaHarness(UnitHarness):
    """A partition on a real broker, with its changelog."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.topics, settings.application_id)
        self._settings = settings

    def new_store(self) -> KafkaStore:
        """A store with a producer of its own."""
        settings = self._settings
        rows = changelog(settings.application_id, WEBHOOK)
        return KafkaStore(settings, settings.topics.input(WEBHOOK), 0, rows, Failpoint(None))


class TestKafkaStore(StoreContract):
    """One topic with one partition, and all that a commit writes to."""

    @pytest.fixture
    def harness(self, kafka: Kafka, topic_prefix: str) -> Harness:
        """A partition that nobody has read yet."""
        settings = Settings(
            bootstrap_servers=kafka.bootstrap_servers, topic_prefix=topic_prefix, application_id=topic_prefix + "unit"
        )
        topics = settings.topics

        async def prepare() -> None:
            for topic in (topics.input(WEBHOOK), topics.alerts, topics.rejected):
                await kafka.create_topic(topic)
            for topic in (topics.alert_state, changelog(settings.application_id, WEBHOOK)):
                await kafka.create_topic(topic, cleanup_policy="compact")
            async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers) as producer:
                for record in RECORDS:
                    await producer.send_and_wait(topics.input(WEBHOOK), record.value, record.key)

        asyncio.run(prepare())
        return KafkaHarness(settings)
