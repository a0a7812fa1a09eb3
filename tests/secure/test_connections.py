"""What is wrong with a connection is said in a sentence, soon, and never with the password."""

import asyncio
import time

import pytest
from typer.testing import CliRunner

from streams.cli.app import app
from streams.exits import ExitCode
from streams.kafka.servers import obstacles
from tests.e2e.flow import Flow
from tests.secure.leftovers import LEAVES_SOCKETS
from tests.secure.secured_kafka import EVALUATOR, PASSWORDS, SecuredKafka
from tests.secure.test_rights import settings_of

pytestmark = [pytest.mark.e2e, LEAVES_SOCKETS]

WRONG_PASSWORD = "wr0ng-s3cr3t-0f-tests"  # noqa: S105
_SOON_S = 60


def faults(secured: SecuredKafka) -> dict[str, tuple[dict[str, str], str, str]]:
    """Settings that are wrong in one way each; what is said, and what to look at."""
    login = secured.login(EVALUATOR, "PLAIN")
    address = f"127.0.0.1:{secured.login_port}"
    other_ca = str(secured.folder / "other-ca.pem")
    return {
        "password": (login | {"SLO_SASL_PASSWORD": WRONG_PASSWORD}, "refuses the login", "SLO_SASL_PASSWORD"),
        "CA": (login | {"SLO_SSL_CAFILE": other_ca}, "certificate is not trusted", "SLO_SSL_CAFILE"),
        "name": (login | {"SLO_BOOTSTRAP_SERVERS": address}, "certificate is for another name", "SLO_BOOTSTRAP"),
        "transport": (login | {"SLO_SECURITY_PROTOCOL": "PLAINTEXT"}, "", "SLO_SECURITY_PROTOCOL"),
    }


@pytest.mark.parametrize("fault", ["password", "CA", "name", "transport"])
def test_a_worker_refuses_with_a_sentence(flow: Flow, secured: SecuredKafka, fault: str) -> None:
    settings, said, advice = faults(secured)[fault]
    # A broker that goes down closes connections, too: that one may be waited for.
    code = ExitCode.UNAVAILABLE if fault == "transport" else ExitCode.REFUSED
    worker = flow.start_worker("--log-level", "DEBUG", SLO_BROKER_PATIENCE="1s", **settings)
    assert asyncio.run(worker.end(_SOON_S)) == code, worker.log
    assert "Traceback" not in worker.log
    line = next(line.strip() for line in worker.log.splitlines() if line.strip().startswith("server "))
    assert settings["SLO_BOOTSTRAP_SERVERS"] in line
    assert said in line
    assert advice in line
    assert WRONG_PASSWORD not in worker.log
    assert PASSWORDS[EVALUATOR] not in worker.log


@pytest.mark.parametrize(("command", "code"), [("status", ExitCode.UNAVAILABLE), ("doctor", ExitCode.FAILED)])
def test_a_command_fails_with_the_same_sentence(
    flow: Flow, secured: SecuredKafka, command: str, code: ExitCode
) -> None:
    for settings, said, advice in faults(secured).values():
        started_s = time.monotonic()
        result = CliRunner().invoke(app, [command], env=flow.environment | settings)
        assert result.exit_code == code
        assert said in result.output
        assert advice in result.output
        assert WRONG_PASSWORD not in result.output
        assert time.monotonic() - started_s < _SOON_S


def test_a_client_may_be_known_by_its_certificate(secured: SecuredKafka) -> None:
    settings = secured.certificate()
    assert asyncio.run(obstacles(settings_of(settings))) == []
    nobody = {name: value for name, value in settings.items() if name not in ("SLO_SSL_CERTFILE", "SLO_SSL_KEYFILE")}
    (obstacle,) = asyncio.run(obstacles(settings_of(nobody)))
    assert "does it ask for a certificate (SLO_SSL_CERTFILE)?" in obstacle.said


def test_tls_against_a_port_without(secured: SecuredKafka) -> None:
    login = secured.login(EVALUATOR) | {"SLO_BOOTSTRAP_SERVERS": secured.admin_servers}
    (obstacle,) = asyncio.run(obstacles(settings_of(login)))
    assert "Is SLO_SECURITY_PROTOCOL right for this port" in obstacle.said
