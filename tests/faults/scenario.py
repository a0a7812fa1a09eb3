"""Rows that play a story of their own on a fresh installation: an operator's mistake, or a large load."""

import asyncio
import random
import time
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from streams.broker import EmbeddedKafka
from tests.e2e.flow import Flow
from tests.faults.ground import GroundMaker, one_broker
from tests.faults.row import Amounts, Outcome

_TIMEOUT_S: Final = 600.0


@dataclass(frozen=True)
class Stage:
    """What a story has to play with; it notes in `outcome` what came of it."""

    flow: Flow
    brokers: list[EmbeddedKafka]
    rng: random.Random
    amounts: Amounts
    outcome: Outcome


@dataclass(frozen=True)
class Scenario:
    """A story: what is wrong in the end is an AssertionError of its own."""

    name: str
    answers: str
    story: Callable[[Stage], Awaitable[None]]
    ground: GroundMaker = one_broker
    partitions: int = 4
    session_s: int = 6

    def play(self, folder: Path, amounts: Amounts) -> Outcome:
        """Play it once."""
        outcome = Outcome(self.name, self.answers, injected=1)
        started_s = time.monotonic()
        folder.mkdir(parents=True)
        with self.ground(folder) as ground:
            flow = Flow(ground.servers, "slo-faults.", folder, partitions=self.partitions, session_s=self.session_s)
            stage = Stage(flow, ground.brokers, random.Random(f"{amounts.seed} {self.name}"), amounts, outcome)
            asyncio.run(_play(self.story, stage))
        outcome.took_s = time.monotonic() - started_s
        return outcome


async def _play(story: Callable[[Stage], Awaitable[None]], stage: Stage) -> None:
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            await story(stage)
    except Exception as problem:  # whatever it is, the other rows are still to be played
        stage.outcome.problem = "".join(traceback.format_exception(problem))
    finally:
        stage.flow.stop()
