"""A worker that makes no progress is ended, and only that."""

import asyncio
import subprocess
import sys
import time

import pytest

from streams.exits import ExitCode
from streams.health.watchdog import Patience, Watchdog


def test_patience_is_for_trouble_without_a_break() -> None:
    patience = Patience(3.0)
    assert [patience.has_run_out(is_wrong, 1.0) for is_wrong in (True, True, False, True, True, True)] == [
        *[False] * 5,
        True,
    ]


STUCK = """
import asyncio, time
from streams.health.watchdog import Watchdog
from streams.logs import configure
from streams.ownership.endings import Endings

def judge_for_ever():
    time.sleep(3600)

async def main():
    Watchdog(lambda: {answer!r}, 1.0, Endings().give_up).start()
    {then}

configure("INFO")
asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("answer", "then", "said"),
    [
        (None, "judge_for_ever()", "the event loop does not answer; it is at"),
        ("no commit within 1 s", "await asyncio.sleep(3600)", "no progress for 1 s: no commit within 1 s; exiting"),
    ],
)
def test_a_process_without_progress_ends_and_says_why(answer: str | None, then: str, said: str) -> None:
    program = STUCK.format(answer=answer, then=then)
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == ExitCode.BROKEN
    assert said in ended.stderr
    if answer is None:
        assert "judge_for_ever" in ended.stderr


def test_a_log_that_nobody_reads_does_not_keep_it() -> None:
    """The lock of the log is held for ever, as by a write to a full pipe."""
    hold = "import logging; logging.getLogger().handlers[0].acquire(); judge_for_ever()"
    program = STUCK.format(answer=None, then=hold)
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == ExitCode.BROKEN
    assert ended.stderr == ""


def test_a_loop_that_answers_is_left_alone_and_the_watchdog_ends_with_it() -> None:
    given_up: list[str] = []

    async def scenario() -> Watchdog:
        asked: asyncio.Queue[None] = asyncio.Queue()
        watchdog = Watchdog(lambda: asked.put_nowait(None), 2.0, given_up.append)  # on a busy machine it waits its turn
        watchdog.start()
        for _ in range(8):  # over twice the limit
            await asked.get()
        return watchdog

    watchdog = asyncio.run(scenario())
    watchdog.join(timeout=60)
    assert not watchdog.is_alive()
    assert given_up == []


def test_a_loop_that_was_stuck_for_less_than_the_limit_is_forgiven() -> None:
    given_up: list[str] = []

    async def scenario() -> None:
        asked: asyncio.Queue[None] = asyncio.Queue()
        Watchdog(lambda: asked.put_nowait(None), 2.0, given_up.append).start()
        time.sleep(1.2)  # noqa: ASYNC251 - to block the loop is the test
        for _ in range(5):
            await asked.get()

    asyncio.run(scenario())
    assert given_up == []
