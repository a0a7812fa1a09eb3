"""How a command ends that got no answer: brokers that went while they were asked are away, too."""

from typing import NoReturn

import pytest
import typer
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaTimeoutError,
    NodeNotReadyError,
    RequestTimedOutError,
    TopicAuthorizationFailedError,
    UnknownError,
)

from streams.cli.shared.ask import ask
from streams.exits import ExitCode
from streams.settings import Settings

NOWHERE = Settings(bootstrap_servers="127.0.0.1:1")


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (KafkaConnectionError(), ExitCode.UNAVAILABLE),
        (KafkaTimeoutError(), ExitCode.UNAVAILABLE),
        (RequestTimedOutError(), ExitCode.UNAVAILABLE),
        (NodeNotReadyError(), ExitCode.UNAVAILABLE),
        (TimeoutError(), ExitCode.UNAVAILABLE),
        (ConnectionResetError(), ExitCode.UNAVAILABLE),
        (TopicAuthorizationFailedError(), ExitCode.FAILED),
        (UnknownError(), ExitCode.FAILED),
    ],
)
def test_exit_code(problem: Exception, code: ExitCode, capsys: pytest.CaptureFixture[str]) -> None:
    async def question() -> NoReturn:
        raise problem

    with pytest.raises(typer.Exit) as ended:
        ask(NOWHERE, question())
    assert ended.value.exit_code == code
    assert "127.0.0.1:1" in capsys.readouterr().err
