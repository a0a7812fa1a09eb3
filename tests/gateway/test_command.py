"""How `slo-streams gateway` ends when it cannot begin."""

import subprocess
import sys

from streams.exits import ExitCode
from tests.gateway.conftest import Stage
from tests.gateway.process import settings_of
from tests.prober.servers import refusing


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "streams.cli", *(arguments or ("gateway",))]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)


def test_a_port_that_is_taken_is_named(stage: Stage) -> None:
    port = stage.gateway.url.rpartition(":")[2]
    ended = run({**stage.environment, "SLO_GATEWAY_PORT": port})
    assert ended.returncode == 1
    assert f"127.0.0.1:{port} (SLO_GATEWAY_HOST, SLO_GATEWAY_PORT)" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_without_kafka_it_asks_to_be_restarted() -> None:
    with refusing() as nowhere:
        servers = nowhere.removeprefix("http://")
        ended = run(settings_of(servers, "none.", SLO_GATEWAY_PORT="0"))
    assert ended.returncode == ExitCode.UNAVAILABLE
    assert f"no Kafka broker answers at {servers}" in ended.stderr
    assert "every call will be refused" not in ended.stderr
    assert "Traceback" not in ended.stderr


def test_it_says_when_nobody_can_be_let_in() -> None:
    with refusing() as nowhere:
        servers = nowhere.removeprefix("http://")
        secrets = {"SLO_INSTALLATION_KEYS": "", "SLO_SERVICE_TOKENS": ""}
        ended = run(settings_of(servers, "none.", SLO_GATEWAY_PORT="0", **secrets))
    assert "every call will be refused: set SLO_INSTALLATION_KEYS" in ended.stderr
