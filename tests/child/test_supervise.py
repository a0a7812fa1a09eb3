"""What is started again, after how long, and what is left to a person."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from streams.child.supervise import FIRST_PAUSE_S, LONGEST_PAUSE_S, STEADY_S, Pauses
from streams.exits import ExitCode
from tests.ports import free_port

MOMENT_S = 0.5


def test_a_pause_doubles_until_something_has_run_for_a_minute() -> None:
    pauses = Pauses()
    found = [pauses.after(ExitCode.BROKEN, MOMENT_S) for _ in range(7)]
    assert found == [1, 2, 4, 8, 16, 30, 30]
    assert pauses.after(ExitCode.BROKEN, STEADY_S) == FIRST_PAUSE_S


def test_a_crash_is_started_again() -> None:
    assert Pauses().after(-signal.SIGKILL, MOMENT_S) == FIRST_PAUSE_S


def test_whose_place_is_taken_waits_longest() -> None:
    pauses = Pauses()
    assert pauses.after(ExitCode.FENCED, STEADY_S) == LONGEST_PAUSE_S
    assert pauses.after(ExitCode.BROKEN, MOMENT_S) == FIRST_PAUSE_S


@pytest.mark.parametrize(
    "code", [ExitCode.DONE, ExitCode.FAILED, ExitCode.MISUSED, ExitCode.BAD_INPUT, ExitCode.REFUSED]
)
def test_what_needs_a_person_is_not_started_again(code: ExitCode) -> None:
    assert Pauses().after(code, MOMENT_S) is None


@contextmanager
def supervised(arguments: Sequence[str], **environment: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "streams.cli", "supervise", "--", *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}) as process:
        try:
            yield process
        finally:
            process.kill()


def test_an_exit_code_for_a_person_is_passed_on() -> None:
    with supervised(["worker"], SLO_OBJECTIVES="no-such-file.yaml") as process:
        assert process.wait(110) == ExitCode.MISUSED


def test_what_is_broken_is_started_again_and_ends_when_asked() -> None:
    nobody = f"127.0.0.1:{free_port()}"
    with supervised(["worker"], SLO_BOOTSTRAP_SERVERS=nobody, SLO_BROKER_PATIENCE="1s") as process:
        assert process.stderr is not None
        line = next(line for line in process.stderr if "started again in" in line)
        assert line == "`slo-streams worker` ended with 69: started again in 1 s\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(110) == ExitCode.DONE
