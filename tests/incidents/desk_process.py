"""`python -m tests.incidents.desk_process URL BROKERS PREFIX STEP NTH`: a desk that is killed at a step of its work.

Steps: `read`, when it has read which breaches began; `find`, when an incident is written; `look`, when it is looked at
and told of, before any of that is committed; `commit`, after that; `send`, when Kafka has its record, which is not
committed; `published`, when it is; `settle`, when it has left the outbox; `none`. It works until nothing is to do.
"""

import asyncio
import sys
from typing import Any

from aiokafka import AIOKafkaProducer

from streams.desk.desk import Desk, Step
from streams.desk.outbox import PublishStep
from streams.incidents.detection import Detection
from streams.incidents.projection import Projection
from streams.incidents.step import IncidentStep
from streams.notifier.incidents import incident_teller
from streams.notifier.target import SMTP, Target
from streams.notifier.targets import Targets
from streams.settings import Clock, Settings
from tests.desk.build import desk
from tests.model.build import clock_ms
from tests.notifier.clerk import Killer

UNTIL = "13:30"
"""All is known up to then."""


class Known(IncidentStep):
    """Without an evaluator to ask."""

    async def _complete(self, desk: Desk, now_ms: int, judged_ms: int | None) -> int | None:
        return clock_ms(UNTIL)


def settings_of(brokers: str, prefix: str) -> Settings:
    return Settings(
        bootstrap_servers=brokers,
        application_id=prefix,
        topic_prefix=prefix,
        partitions=1,
        replication_factor=1,
        clock=Clock.EVENT,
    )


def kill_at(killer: Killer, owner: type, method: str, step: str, *, before: bool = False) -> None:
    """Come to a step before or after a method."""
    real = getattr(owner, method)

    async def with_step(*arguments: Any, **named: Any) -> Any:
        if before:
            killer.at(step)
        answer = await real(*arguments, **named)
        if not before:
            killer.at(step)
        return answer

    setattr(owner, method, with_step)


async def work(url: str, brokers: str, prefix: str, killer: Killer) -> None:
    """Until nothing is due, and all is published."""
    settings = settings_of(brokers, prefix)
    for owner, method, step in (
        (Detection, "_arrived", "read"),
        (Detection, "_tell", "find"),
        (Projection, "_look_at", "look"),
        (IncidentStep, "take", "commit"),
        (AIOKafkaProducer, "send_offsets_to_transaction", "send"),
        (PublishStep, "_publish", "published"),
        (PublishStep, "take", "settle"),
    ):
        kill_at(killer, owner, method, step)
    tell = incident_teller(Targets([Target("ops", SMTP, "ops@slo.example", role="operators")]), 10**15)
    steps: list[Step] = [Known(settings, Detection({}), Projection(settings.topics, tell)), PublishStep(settings)]
    async with desk(url, *steps) as one:
        while await one.turn():
            pass
        await one.turn()


if __name__ == "__main__":
    url, brokers, prefix, step, nth = sys.argv[1:]
    asyncio.run(work(url, brokers, prefix, Killer(step, int(nth))))
