"""The contract of stores, on Kafka itself."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiokafka import AIOKafkaProducer

from streams.names import WEBHOOK, changelog
from streams.settings import Settings
from streams.unit.failpoints import Failpoint
from streams.unit.store import KafkaStore
from tests.kafka_fixture import Kafka
from tests.ownership.store_contract import Harness, Owner, StoreContract
from tests.unit.units import RECORDS, UnitHarness
from tests.waiting import wait_for


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

    def test_what_an_open_transaction_hides_is_waited_for(
        self, harness: Harness, kafka: Kafka, topic_prefix: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Somebody else writes to the changelog and does not end it: commits behind it are there, and not yet seen."""
        rows = changelog(topic_prefix + "unit", WEBHOOK)

        async def is_said() -> bool:
            return f"transaction of {topic_prefix}x" in caplog.text

        async def story(next_owner: Callable[[], Awaitable[Owner]]) -> None:
            stranger = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers, transactional_id=topic_prefix + "x")
            owner = await next_owner()
            async with stranger:
                await stranger.begin_transaction()
                await stranger.send_and_wait(rows, b"nothing of ours", b"a key", partition=0)
                await owner.advance(3)
                taking_over = asyncio.ensure_future(next_owner())
                await wait_for(is_said, 80, "the reason to be said")
                assert not taking_over.done()
                await stranger.abort_transaction()
                assert harness.picture((await taking_over).processor) == harness.uninterrupted(3)

        self.play(harness, story)
