"""What a case gets and what it gives."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import orjson

from streams.broker import EmbeddedKafka
from streams.child.leash import leashed
from streams.settings import Clock, Settings

PARTITIONS = 4
CHILD_TIMEOUT_S = 120

Reading = dict[tuple[str, str], float]
"""(part, what is measured, with its unit) -> value."""


class BrokenError(Exception):
    """The work was not done, or not right: its speed means nothing."""


@dataclass(frozen=True, slots=True)
class LiveLoads:
    """Constant rates, in events a second over all topics, over so many apps, each for so long."""

    rates: tuple[int, ...]
    apps: tuple[int, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the cases play: a broker of their own, a folder for logs, how much of everything, and who takes part.

    `report` gets a line where something takes long or cannot be had.
    """

    kafka: EmbeddedKafka
    folder: Path
    events: tuple[int, ...]
    rows: int
    series: int
    live: LiveLoads
    peers: tuple[str, ...]
    report: Callable[[str], None]

    def settings(self, name: str) -> Settings:
        """Settings of a worker with an application id and topics of this name."""
        return Settings(
            bootstrap_servers=self.kafka.bootstrap_servers,
            application_id=name,
            topic_prefix=f"{name}.",
            partitions=PARTITIONS,
            replication_factor=1,
            clock=Clock.EVENT,
        )


class Case(Protocol):
    """One thing to measure, again in every round."""

    async def prepare(self, stage: Stage) -> None:
        """What is needed once."""

    def measure(self, stage: Stage, round_number: int) -> AsyncIterator[Reading]:
        """One round, piece by piece, so that what is measured is kept whatever comes after.

        Raises:
            BrokenError: the work came out wrong.
        """


async def measured_in_child(module: str, *arguments: object) -> dict[str, Any]:
    """Run a module of this package in a fresh process; the JSON object that it prints.

    Raises:
        BrokenError: it failed, or took over two minutes.
    """
    command = [sys.executable, "-m", f"tests.bench.{module}", *map(str, arguments)]
    child = await asyncio.create_subprocess_exec(
        *leashed(command), stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(CHILD_TIMEOUT_S):
            printed, _ = await child.communicate()
    except TimeoutError:
        raise BrokenError(f"{module} took over {CHILD_TIMEOUT_S} s") from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode:
        raise BrokenError(f"{module} ended with status {child.returncode}")
    answer: dict[str, Any] = orjson.loads(printed)
    return answer
