"""One running gateway for the tests of this folder, with three installations."""

import asyncio
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import orjson
import pytest

from tests.e2e.flow import Flow
from tests.gateway.process import GatewayProcess, installations, running_gateway, settings_of
from tests.gateway.signing import SECRET
from tests.kafka_fixture import Kafka

APP = "com.example.app"
OTHER_APP = "com.example.other"


@dataclass(frozen=True)
class Stage:
    """A gateway, the topics it writes, and the environment it and its commands run in."""

    gateway: GatewayProcess
    flow: Flow
    environment: dict[str, str]


@pytest.fixture(scope="package")
def stage(kafka: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A gateway with installations c-1 and c-3 of an app, and c-2 of another."""
    folder = tmp_path_factory.mktemp("gateway")
    prefix = f"gateway-{uuid.uuid4().hex[:8]}."
    flow = Flow(kafka.bootstrap_servers, prefix, folder)
    environment = settings_of(kafka.bootstrap_servers, prefix, SLO_GATEWAY_BURST="60", SLO_GATEWAY_RATE="60")
    asyncio.run(flow.create_topics())
    given = [
        {"clientKey": client, "appKey": app, "product": product, "sharedSecret": SECRET}
        for client, app, product in (
            ("c-1", APP, "Jira"),
            ("c-2", OTHER_APP, "Jira"),
            ("c-3", APP, "Confluence"),
        )
    ]
    done = installations(environment, "add", "-", given=given)
    assert done.returncode == 0, done.stderr
    assert orjson.dumps(SECRET).decode() not in done.stdout + done.stderr
    with running_gateway(environment, folder) as gateway:
        yield Stage(gateway, flow, environment)
    flow.stop()
