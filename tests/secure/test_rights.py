"""Each role works with its own rights and no more, and a worker that lacks one says which."""

import asyncio
from collections.abc import Iterable

import pytest
from aiokafka.errors import ClusterAuthorizationFailedError
from typer.testing import CliRunner

from schemas import Alert
from streams.cli.app import app
from streams.client.producer import acknowledged_producer
from streams.exits import ExitCode
from streams.kafka.alerts import alert_records, read_alert
from streams.kafka.cluster import MissingTopicError
from streams.names import INSTALLATION, changelog
from streams.settings import Settings
from tests.e2e.flow import Flow
from tests.model import Record
from tests.model.build import delivery
from tests.secure import roles
from tests.secure.access import May, On, Right
from tests.secure.leftovers import LEAVES_SOCKETS
from tests.secure.secured_kafka import EVALUATOR, PAGER, PASSWORDS, PROBER, SecuredKafka

pytestmark = [pytest.mark.e2e, LEAVES_SOCKETS]

BAD = delivery("12:00:30", 500)
LATER = delivery("12:01:30")  # moves the watermark: the bad one is judged
UNUSABLE = BAD._replace(value=b"{")


def settings_of(login: dict[str, str]) -> Settings:
    return Settings.model_validate({name.removeprefix("SLO_").lower(): value for name, value in login.items()})


async def publish(settings: Settings, records: Iterable[Record]) -> None:
    """As the product's own producers do."""
    async with acknowledged_producer(settings) as producer:
        for record in records:
            await producer.send_and_wait(
                record.topic, record.value, record.key, record.partition, timestamp_ms=record.timestamp_ms
            )


async def first_alert(settings: Settings) -> Alert | None:
    async with asyncio.timeout(90), alert_records(settings, from_start=True) as records:
        return read_alert((await anext(records)).value)


def command(flow: Flow, login: dict[str, str], *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, arguments, env=flow.environment | login)
    return result.exit_code, result.output


def test_every_role_works_with_its_own_rights(flow: Flow, secured: SecuredKafka) -> None:
    evaluator = secured.login(EVALUATOR, "PLAIN")  # the client library logs what is sent: here the password itself
    prober, pager = (settings_of(secured.login(user) | {"SLO_TOPIC_PREFIX": flow.prefix}) for user in (PROBER, PAGER))

    async def scenario() -> None:
        await flow.create_topics()
        await secured.allow(EVALUATOR, roles.evaluator(flow))
        await secured.allow(PROBER, roles.producer(flow))
        await secured.allow(PAGER, roles.pager(flow))

        misplaced = BAD._replace(key=b"someone.else")
        await publish(prober, flow.place([BAD, misplaced, UNUSABLE, LATER]))
        worker = flow.start_worker("--log-level", "DEBUG", **evaluator)
        await flow.wait_until_read()
        alert = await first_alert(pager)
        assert alert is not None
        assert alert.type == "BREACH"
        await flow.check()

        with pytest.raises(MissingTopicError):
            await first_alert(prober)
        with pytest.raises(ClusterAuthorizationFailedError):
            await publish(pager, [BAD._replace(topic=flow.topics.alerts)])

        assert await worker.stop() == 0
        assert "created topics" not in worker.log
        assert f"Authenticated as {EVALUATOR} via PLAIN" in worker.log
        assert "Sending metadata request" in worker.log  # the client library told all it does
        assert PASSWORDS[EVALUATOR] not in worker.log
        await secured.allow(PAGER, roles.operator(flow))

    asyncio.run(scenario())
    code, said = command(flow, secured.login(PAGER), "status")
    assert (code, PASSWORDS[PAGER] in said) == (0, False), said
    assert "Open breaches" in said
    code, said = command(flow, evaluator, "doctor")
    assert (code, PASSWORDS[EVALUATOR] in said) == (0, False), said


def test_every_missing_right_is_named(flow: Flow, secured: SecuredKafka) -> None:
    rows = changelog(flow.application_id, INSTALLATION)
    alerts, group = flow.topics.alerts, flow.application_id
    lacking = {(alerts, May.WRITE), (rows, May.WRITE), (group, May.READ), (f"{group}-", May.WRITE)}
    rights = [right for right in roles.evaluator(flow) if (right.name, right.may) not in lacking]

    async def scenario() -> str:
        await flow.create_topics()
        await secured.allow(EVALUATOR, [*rights, Right(On.TOPIC, alerts, May.DESCRIBE)])
        worker = flow.start_worker(**secured.login(EVALUATOR))
        assert await worker.end() == ExitCode.REFUSED, worker.log
        assert "Traceback" not in worker.log
        return worker.log

    said = asyncio.run(scenario())
    assert f"a right is missing on topic {alerts}: allow Write\n" in said
    assert f"a right is missing on topic {rows}: allow Write\n" in said
    assert f"a right is missing on group {group}: allow Read\n" in said
    assert f"needs Write and Describe on transactional ids that begin with {group}" in said
    assert said.count("a right is missing") == 3


def test_a_hidden_topic_is_named_with_the_rights_it_needs(flow: Flow, secured: SecuredKafka) -> None:
    rows = changelog(flow.application_id, INSTALLATION)

    async def scenario() -> str:
        await flow.create_topics()
        await secured.allow(EVALUATOR, [right for right in roles.evaluator(flow) if right.name != rows])
        worker = flow.start_worker(**secured.login(EVALUATOR))
        assert await worker.end() == ExitCode.REFUSED, worker.log
        return worker.log

    said = asyncio.run(scenario())
    assert f"cannot create topic {rows}: TopicAuthorizationFailedError" in said
    assert "If it exists, allow Read and Write on it" in said


@pytest.mark.parametrize("what", ["topic", "group"])
def test_a_right_that_is_taken_away_ends_the_worker(flow: Flow, secured: SecuredKafka, what: str) -> None:
    right = {
        "topic": Right(On.TOPIC, flow.topics.rejected, May.WRITE),
        "group": Right(On.GROUP, flow.application_id, May.READ),
    }[what]

    async def scenario() -> str:
        await flow.create_topics()
        await secured.allow(EVALUATOR, roles.evaluator(flow))
        worker = flow.start_worker(**secured.login(EVALUATOR))
        await flow.produce(flow.place([LATER]))
        await flow.wait_until_read()
        await secured.deny(EVALUATOR, [right])
        await flow.produce(flow.place([UNUSABLE]))
        assert await worker.end() == ExitCode.REFUSED, worker.log
        return worker.log

    last = asyncio.run(scenario()).splitlines()[-1]
    assert "this user lacks a right" in last
    assert right.name in last
