"""Those beside the workers, gateway, prober of the catalogue, and the operator's commands, have rights of their own."""

import asyncio
import json
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from streams.cli.app import app
from streams.client.producer import acknowledged_producer
from streams.exits import ExitCode
from streams.names import AVAILABILITY
from streams.prober.probing import catalogue_prober
from tests.e2e.flow import Flow
from tests.gateway.process import KEY, SERVICE, running_gateway
from tests.gateway.process import settings_of as gateway_settings_of
from tests.gateway.signing import SECRET
from tests.gateway.test_command import run
from tests.model.build import LISTED
from tests.prober.servers import refusing
from tests.secure import roles
from tests.secure.leftovers import LEAVES_SOCKETS
from tests.secure.secured_kafka import GATEWAY, OPERATOR, PASSWORDS, PROBER, SecuredKafka
from tests.secure.test_connections import WRONG_PASSWORD
from tests.secure.test_rights import settings_of
from tests.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400), LEAVES_SOCKETS]

APP = "com.example.app"
INSTALLATION = {"clientKey": "c-1", "appKey": APP, "product": "Jira", "sharedSecret": SECRET}
RESULTS = [
    {"metricsType": "IFRAME", "moduleType": "generalPages", "status": "SUCCESS"},
    {"metricsType": "SYNTHETIC", "status": "SUCCESS"},
]
EVENT = {"appKey": APP, "time": 1_772_460_000_000, "baseUrl": "https://a.example", "statusCode": 200}


def done(environment: dict[str, str], *arguments: str, given: object = None) -> str:
    result = CliRunner().invoke(app, arguments, env=environment, input=json.dumps(given))
    assert result.exit_code == 0, result.output
    assert not any(password in result.output for password in PASSWORDS.values())
    return result.output


def test_an_operator_makes_topics_and_fills_them(flow: Flow, secured: SecuredKafka, tmp_path: Path) -> None:
    environment = flow.environment | secured.login(OPERATOR) | {"SLO_INSTALLATION_KEYS": KEY}
    asyncio.run(secured.allow(OPERATOR, roles.administrator(flow)))
    assert done(environment, "topics", "--create").count("created ") == 19
    asyncio.run(secured.allow(OPERATOR, roles.keeper(flow)))
    apps = tmp_path / "apps.json"
    apps.write_bytes(orjson.dumps([{"appKey": APP, **LISTED}]))
    assert "1 added" in done(environment, "apps", "import", str(apps))
    assert APP in done(environment, "apps", "list")
    fault = ("--all-apps", "--reason", "platform-fault", "--start", "2026-03-02T12:00:00Z", "--id", "CHG-1")
    assert "CHG-1" in done(environment, "exclude", "add", *fault)
    assert "1 withdrawn" in done(environment, "exclude", "end", "CHG-1", "--withdraw")
    assert "Stored 1 installation" in done(environment, "installations", "add", "-", given=INSTALLATION)
    assert "c-1" in done(environment, "installations", "list")


def test_a_prober_follows_the_catalogue(flow: Flow, secured: SecuredKafka) -> None:
    login = flow.environment | secured.login(PROBER)
    login |= {"SLO_PROBER_ALLOW_PRIVATE": "true", "SLO_PROBER_INTERVAL": "1s"}
    settings = settings_of(login)
    reports = flow.topics.input(AVAILABILITY)

    async def has_reported() -> bool:
        return bool(await flow.read(reports))

    async def scenario(nowhere: str) -> None:
        await flow.create_topics()
        await secured.allow(PROBER, roles.prober(flow))
        listed = {"appKey": APP, **LISTED, "healthcheckUrls": [f"{nowhere}/health"]}
        async with acknowledged_producer(flow.settings) as administrator:
            await administrator.send_and_wait(flow.topics.apps, orjson.dumps(listed), APP.encode())
        async with acknowledged_producer(settings) as producer, catalogue_prober(settings, producer) as prober:
            running = asyncio.create_task(prober.run())
            await wait_for(has_reported, 120, "the first check")
            prober.stop()
            await running

    with refusing() as nowhere:
        asyncio.run(scenario(nowhere))


def test_a_gateway_writes_and_knows_who_may(flow: Flow, secured: SecuredKafka, tmp_path: Path) -> None:
    operator = flow.environment | {"SLO_INSTALLATION_KEYS": KEY}
    done(operator, "topics", "--create")
    done(operator, "installations", "add", "-", given=INSTALLATION)
    environment = gateway_environment(flow) | secured.login(GATEWAY)
    rights = roles.gateway(flow)
    asyncio.run(secured.allow(GATEWAY, [right for right in rights if right.name != flow.topics.synthetic]))
    ended = run(environment)
    assert ended.returncode == ExitCode.REFUSED
    assert f"cannot create topic {flow.topics.synthetic}: TopicAuthorizationFailedError" in ended.stderr
    assert "If it exists, allow Write on it" in ended.stderr

    asyncio.run(secured.allow(GATEWAY, rights))
    with running_gateway(environment, tmp_path) as gateway:
        status, told = asyncio.run(gateway.publish("c-1", APP, RESULTS))
        assert (status, told) == (204, None), gateway.process.log
        status, told, _ = asyncio.run(gateway.call("POST", "/events/healthcheck", orjson.dumps(EVENT), SERVICE))
        assert status == 200, told
        assert asyncio.run(gateway.process.stop()) == 0


def test_a_login_that_is_refused_is_said_in_a_sentence(flow: Flow, secured: SecuredKafka) -> None:
    wrong = gateway_environment(flow) | secured.login(GATEWAY, "PLAIN") | {"SLO_SASL_PASSWORD": WRONG_PASSWORD}
    ended = run(wrong)
    assert ended.returncode == ExitCode.REFUSED
    assert_refused(ended.stderr)
    ended = run(wrong, "prober", "--once")
    assert ended.returncode == ExitCode.UNAVAILABLE
    assert_refused(ended.stderr)


def gateway_environment(flow: Flow) -> dict[str, str]:
    return gateway_settings_of(flow.bootstrap_servers, flow.prefix, SLO_GATEWAY_PORT="0") | flow.environment


def assert_refused(said: str) -> None:
    (line,) = [line for line in said.splitlines() if line.startswith("server ")]
    assert "it refuses the login" in line
    assert "Look at SLO_SASL_USERNAME and SLO_SASL_PASSWORD." in line
    assert "Traceback" not in said
    assert WRONG_PASSWORD not in said
