"""`slo-streams gateway`: the HTTP gateway."""

from typing import Annotated

import typer
from aiokafka.errors import KafkaError

from streams import logs
from streams.cli.shared.failure import fail
from streams.cli.shared.service import LogLevel
from streams.exits import ExitCode
from streams.gateway.settings import GatewaySettings
from streams.kafka.aiokafka_0_14_0 import install
from streams.kafka.topic_setup import UnreachableClusterError, UnusableClusterError
from streams.settings import InvalidSettingsError, load_settings_of


def gateway(
    log_level: Annotated[LogLevel, typer.Option(help="How much to say on standard error.")] = LogLevel.INFO,
) -> None:
    """Take results of apps and events of services over HTTP, and put them onto Kafka.

    Apps publish with a Connect token: slo-streams installations tells who may. Services send to /events/METRIC with a
    token of SLO_SERVICE_TOKENS (name:token, several by commas, or a file: SLO_SERVICE_TOKENS_FILE). The document of all
    of it is at /openapi.json. /live, /ready and /metrics have a port of their own, SLO_GATEWAY_HEALTH_PORT (8091).

    Listens on SLO_GATEWAY_HOST (127.0.0.1) and SLO_GATEWAY_PORT (8088). It speaks no TLS: put a proxy in front that
    does, and that keeps the path. Stop it with Ctrl-C or SIGTERM: calls under way are answered first.

    \b
    Example:
      export SLO_INSTALLATION_KEYS=$(openssl rand -base64 32 | tr +/ -_)
      export SLO_SERVICE_TOKENS=installer:$(openssl rand -hex 32)
      SLO_BOOTSTRAP_SERVERS=127.0.0.1:9092 slo-streams gateway

    \b
    Exit codes:
      0   stopped when asked
      1   the port cannot be had
      2   wrong settings
      69  no broker answers: restart it
      70  broken: restart it
      78  refused: topics, rights or the login need an operator
    """
    # Here, because a web framework takes a third of a second to import, and no other command needs it.
    import uvloop

    from streams.gateway.serve import serve
    from streams.web.http_server import BrokenServerError, UnusablePortError

    try:
        settings = load_settings_of(GatewaySettings)
    except InvalidSettingsError as problem:
        fail(str(problem), code=2)
    logs.configure(log_level, settings.log_format)
    install()
    try:
        uvloop.run(serve(settings))
    except UnreachableClusterError as problem:
        fail(str(problem), code=ExitCode.UNAVAILABLE)
    except UnusableClusterError as problem:
        fail(str(problem), code=ExitCode.REFUSED)
    except KafkaError as problem:
        fail(
            f"Kafka at {settings.bootstrap_servers} does not answer as it should: {type(problem).__name__}: {problem}\n"
            "Is it there (SLO_BOOTSTRAP_SERVERS)? `slo-streams doctor` tells more.",
            code=ExitCode.BROKEN,
        )
    except UnusablePortError as problem:
        fail(str(problem))
    except BrokenServerError as problem:
        fail(f"The gateway ends: {problem}. Restart it; what it confirmed is stored.", code=ExitCode.BROKEN)
