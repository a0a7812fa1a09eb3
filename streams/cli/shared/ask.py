"""How a command asks Kafka: without a broker it ends with a sentence."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

import typer
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    NodeNotReadyError,
    RequestTimedOutError,
)

from streams.cli.shared.failure import fail
from streams.cli.shared.text import drop_output, has_no_room
from streams.exits import ExitCode
from streams.kafka.aiokafka_0_14_0 import install
from streams.kafka.cluster import MissingTopicError
from streams.kafka.servers import obstacles
from streams.names import only_own_outputs
from streams.settings import AnySettings, InvalidSettingsError, Settings, load_settings_of

Answer = TypeVar("Answer")

# Brokers that are away, or went while they were asked.
_AWAY: Final = (
    KafkaConnectionError,
    KafkaTimeoutError,
    NodeNotReadyError,
    RequestTimedOutError,
    ConnectionError,
    TimeoutError,
)


def settings_or_fail() -> Settings:
    """The settings of this process's environment; wrong ones end the command with exit code 2."""
    return settings_of_or_fail(Settings)


def settings_of_keeper_or_fail() -> Settings:
    """The same, of a command that writes exclusions: they act on every application that reads the inputs."""
    settings = settings_or_fail()
    if settings.topics.has_own_outputs:
        fail(f"{only_own_outputs(settings.topics)} Unset it for this command.", code=2)
    return settings


def settings_of_or_fail(kind: type[AnySettings]) -> AnySettings:
    """Settings of a command that has some of its own; wrong ones end the command with exit code 2."""
    try:
        return load_settings_of(kind)
    except InvalidSettingsError as problem:
        fail(str(problem), code=2)


def ask(
    settings: Settings, question: Coroutine[Any, Any, Answer], *, topics_come_of: str = "slo-streams worker"
) -> Answer:
    """The answer; without its topics the command ends with exit code 1, where no broker answers with 69."""
    hush_clients()
    install()
    try:
        return asyncio.run(question)
    except BrokenPipeError:
        drop_output()
        raise typer.Exit(0) from None
    except MissingTopicError as problem:
        fail(f"{problem} `{topics_come_of}` or `slo-streams topics --create` creates it.")
    except (KafkaError, OSError) as problem:
        if isinstance(problem, OSError) and has_no_room(problem):
            raise  # it is the disk, not Kafka
        code = ExitCode.UNAVAILABLE if isinstance(problem, _AWAY) else ExitCode.FAILED
        fail(why_no_answer(settings, problem), code=code)


def hush_clients() -> None:
    """Keep the Kafka client's own log of its attempts off the terminal: what matters is raised."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


def why_no_answer(settings: Settings, problem: Exception) -> str:
    """What keeps Kafka from answering, in words; asks the brokers again where nothing could be reached."""
    if isinstance(problem, KafkaConnectionError):
        said = (
            f"No Kafka broker answers at {settings.bootstrap_servers}. Is it the right address (SLO_BOOTSTRAP_SERVERS) "
            "and transport (SLO_SECURITY_PROTOCOL)? `slo-streams broker` starts one on this machine."
        )
        return "\n".join([said, *(obstacle.said for obstacle in asyncio.run(obstacles(settings)))])
    return f"Kafka at {settings.bootstrap_servers} did not answer: {type(problem).__name__}: {problem}"
