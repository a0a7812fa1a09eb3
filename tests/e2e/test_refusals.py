"""What cannot be done right is not begun: the worker ends with a sentence that says what to do."""

import asyncio
from collections.abc import Mapping

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import PolicyViolationError

from streams.exits import ExitCode
from streams.names import WEBHOOK, changelog
from tests.e2e.flow import SHORT_SESSION_S, Flow
from tests.e2e.test_placement import delivery
from tests.kafka_fixture import Kafka
from tests.model import murmur2_partition
from tests.ports import free_port
from tests.waiting import wait_for


async def refusal(flow: Flow, code: int = ExitCode.REFUSED, **settings: str) -> str:
    """Start a worker that has to refuse; what it says."""
    worker = flow.start_worker(**settings)
    assert await worker.end() == code, worker.log
    assert "Traceback" not in worker.log
    return worker.log


async def lose(admin: AIOKafkaAdminClient, tp: TopicPartition, before_offset: int) -> None:
    """What a wrong cleanup.policy does to state, mended afterwards."""

    async def are_deleted() -> bool:
        try:
            await admin.delete_records({tp: RecordsToDelete(before_offset)})
        except PolicyViolationError:  # a broker hears of a setting a moment after it was made
            return False
        return True

    for policy in ("compact,delete", "compact"):
        topic = ConfigResource(ConfigResourceType.TOPIC, tp.topic, {"cleanup.policy": policy, "retention.ms": "-1"})
        await admin.alter_configs([topic])
        if policy != "compact":
            await wait_for(are_deleted, 60, "the records to be gone")


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"SLO_CLOCK": "sundial", "SLO_PARTITIONS": "0"}, ("SLO_CLOCK", "SLO_PARTITIONS")),
        ({"SLO_PARTITIONS": "0", "SLO_OBJECTIVES": "/no/such/file.yaml"}, ("SLO_PARTITIONS", "/no/such/file.yaml")),
        ({"SLO_OBJECTIVES": "/no/such/file.yaml"}, ("/no/such/file.yaml",)),
    ],
)
def test_wrong_settings_are_all_named(flow: Flow, settings: Mapping[str, str], names: tuple[str, ...]) -> None:
    said = asyncio.run(refusal(flow, 2, **settings))
    assert all(name in said for name in names)


def test_no_broker_there(flow: Flow) -> None:
    address = f"127.0.0.1:{free_port()}"
    settings = {"SLO_BOOTSTRAP_SERVERS": address, "SLO_BROKER_PATIENCE": "1s"}  # it may come back
    said = asyncio.run(refusal(flow, ExitCode.UNAVAILABLE, **settings))
    assert f"no Kafka broker answers at {address}" in said


def test_topics_in_the_wrong_shape(flow: Flow, kafka: Kafka) -> None:
    async def scenario() -> None:
        state_topic = changelog(flow.application_id, WEBHOOK)
        await kafka.create_topic(flow.topics.alert_state, partitions=flow.partitions, cleanup_policy="delete")
        await kafka.create_topic(state_topic, partitions=flow.partitions + 1, cleanup_policy="compact")
        said = await refusal(flow)
        assert f"{state_topic} has {flow.partitions + 1} partitions" in said
        assert "SLO_APPLICATION_ID" in said
        assert "set cleanup.policy=compact" in said
        assert flow.topics.alert_state in said

    asyncio.run(scenario())


@pytest.mark.timeout(400)
def test_lost_state_is_never_begun_anew(flow: Flow) -> None:
    async def scenario() -> None:
        flow.session_s = SHORT_SESSION_S  # one that refuses does not say goodbye
        await flow.create_topics()
        app = "com.example.chart"
        home = murmur2_partition(app.encode(), flow.partitions)
        rows = TopicPartition(changelog(flow.application_id, WEBHOOK), home)
        neighbour = next(
            name
            for name in map("com.example.{}".format, range(100))
            if murmur2_partition(name.encode(), flow.partitions) == home
        )
        worker = flow.start_worker()
        for number, name in enumerate((neighbour, app)):
            await flow.produce(flow.place([delivery(name, number)]))
            await flow.wait_until_read()
        assert await worker.stop() == 0

        async with flow.admin() as admin:
            end = (await flow.end_offsets([rows]))[rows]
            last_commit = 3  # a row, the meta row, the marker
            await lose(admin, rows, end - last_commit)
            said = await refusal(flow)
            assert f"{rows.topic}[{home}] holds 1 row, but 2 were committed" in said

            await lose(admin, rows, end)
            said = await refusal(flow)
            assert f"{rows.topic}[{home}] is empty" in said
            assert "SLO_APPLICATION_ID" in said

        await flow.delete_topic(rows.topic)
        said = await refusal(flow)
        assert f"{rows.topic}[{home}] is empty" in said

    asyncio.run(scenario())


@pytest.mark.timeout(400)
def test_what_the_stored_state_depends_on_is_not_changed(flow: Flow) -> None:
    async def scenario() -> None:
        flow.session_s = SHORT_SESSION_S  # one that refuses does not say goodbye
        await flow.create_topics()
        await flow.produce(flow.place([delivery("com.example.chart", 0)]))
        worker = flow.start_worker()
        await flow.wait_until_read()
        assert await worker.stop() == 0
        said = await refusal(flow, SLO_TOPIC_PREFIX=f"{flow.prefix}other.")
        assert f"{flow.application_id} has judged {flow.prefix}webhook.v1, and now" in said
        assert "set SLO_TOPIC_PREFIX back" in said
        said = await refusal(flow, SLO_PARTITIONER="crc32")
        assert "with SLO_PARTITIONER=murmur2, and now it is crc32" in said
        assert "SLO_REPLACES" in said
        flow.start_worker()
        await flow.produce(flow.place([delivery("com.example.chart", 1)]))
        await flow.wait_until_read()

    asyncio.run(scenario())


@pytest.mark.timeout(400)
def test_an_input_topic_that_was_created_anew_is_not_read_with_the_old_state(flow: Flow) -> None:
    """Its first records would be taken for those that were judged already, and passed over in silence."""

    async def scenario() -> None:
        await flow.create_topics()
        (record,) = flow.place([delivery("com.example.chart", 0)])
        await flow.produce([record])
        worker = flow.start_worker()
        await flow.wait_until_read()
        assert await worker.stop() == 0
        await flow.delete_topic(record.topic)
        said = await refusal(flow)
        assert f"{record.topic}[{record.partition}] ends at 0, but was judged up to 1" in said
        assert "SLO_APPLICATION_ID" in said

    asyncio.run(scenario())
