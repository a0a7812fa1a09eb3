"""Case: one of two workers goes, and the other takes its partitions over: how soon they are judged up to now.

As many series as `--rows` says, one in each app, while events come all the time. Ways to go: SIGKILL, which the group
notices after the session timeout, and SIGTERM, each without and with a warm standby; and SIGTERM of a worker with a
name of its own, which comes back.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Final

import orjson
from aiokafka import AIOKafkaProducer

from streams.kafka.topic_setup import prepare_topics
from streams.names import WEBHOOK
from streams.settings import Clock, Settings
from tests.bench.case import BrokenError, Reading, Stage
from tests.bench.group import Group, since
from tests.bench.load import Delivery, produce
from tests.bench.worker_run import RunningWorker, metrics_of, until_shared

SESSION_S: Final = 6.0
PARTITIONS: Final = 8
EVENTS_A_SECOND: Final = 200
IN_HANDS: Final = "in other hands, s"
JUDGED: Final = "judged up to now, s"
BEYOND: Final = "judged up to now, s beyond the session timeout"
_SESSION: Final = f"{SESSION_S:g}s"
_KILLED: Final = "SIGKILL"
_STOPPED: Final = "SIGTERM"
_STANDBY: Final = ", with a warm standby"
_COLD: Final = ""
_BACK: Final = "SIGTERM, and started anew under its own name"
WAYS: Final = (_KILLED, _KILLED + _STANDBY, _STOPPED, _STOPPED + _STANDBY, _BACK)
_TIMEOUT_S: Final = 300.0
_POLL_S: Final = 0.1


def part_of(way: str, series: int) -> str:
    """Name of the part that a way to go is measured under."""
    return f"{way} @ {series:,} series"


class TakeOver:
    """A new group in every round, with the same state whoever goes."""

    async def prepare(self, stage: Stage) -> None:
        """Nothing is needed before."""

    async def measure(self, stage: Stage, round_number: int) -> AsyncIterator[Reading]:
        """Each way to go, one after the other."""
        settings = stage.settings(f"take-over-{round_number}").model_copy(
            update={"clock": Clock.LIVE, "partitions": PARTITIONS}
        )
        await prepare_topics(settings)
        servers, topic = settings.bootstrap_servers, settings.topics.input(WEBHOOK)
        async with AIOKafkaProducer(bootstrap_servers=servers, max_batch_size=1 << 17) as producer:
            await produce(producer, topic, PARTITIONS, _an_event_each(range(stage.rows)))
            for kind, overrides in ((_COLD, {}), (_STANDBY, {"SLO_STANDBY": str(2 * stage.rows)})):
                async with (
                    Group(stage, settings, SLO_SESSION_TIMEOUT=_SESSION, **overrides) as group,
                    _fed(producer, topic, stage.rows),
                ):
                    async for reading in _gone(group, settings, stage.rows, kind):
                        yield reading


async def _gone(group: Group, settings: Settings, series: int, kind: str) -> AsyncIterator[Reading]:
    topic = settings.topics.input(WEBHOOK)
    name = "standby" if kind else "cold"
    stays = await group.start(f"{name}-stays")

    async def another(number: int, **overrides: str) -> RunningWorker:
        """A worker that has half of everything, all of it committed."""
        goes = await group.start(f"{name}-goes-{number}", **overrides)
        await until_shared([stays, goes], topic, PARTITIONS)
        await group.committed(topic)
        await _holds([stays, goes], topic, "slo_streams_series", series)
        if kind == _STANDBY:
            await _holds([stays], None, "slo_streams_standby_series", series * 0.4)
        return goes

    async def gone(go: Callable[[], object], left: list[RunningWorker]) -> dict[str, float]:
        began_s = time.monotonic()
        go()
        await group.in_hands(left)
        in_hands_s = since(began_s)
        await group.up_to_now(left, topic)
        return {IN_HANDS: in_hands_s, JUDGED: since(began_s)}

    killed = await gone((await another(1)).process.kill, [stays])
    killed[BEYOND] = killed[JUDGED] - SESSION_S
    yield {(part_of(_KILLED + kind, series), what): value for what, value in killed.items()}
    stopped = await gone((await another(2)).process.terminate, [stays])
    yield {(part_of(_STOPPED + kind, series), what): value for what, value in stopped.items()}
    if kind == _STANDBY:
        return
    goes, began_s = await another(3, SLO_INSTANCE_ID="goes"), time.monotonic()
    goes.process.terminate()
    await goes.process.wait()
    stopped_s = since(began_s)
    goes = await group.start(f"{name}-back", SLO_INSTANCE_ID="goes")
    await group.in_hands([stays, goes])
    in_hands_s = since(began_s)
    await group.up_to_now([stays, goes], topic)
    readings = {"stopped, s": stopped_s, IN_HANDS: in_hands_s, JUDGED: since(began_s)}
    yield {(part_of(_BACK, series), what): value for what, value in readings.items()}


async def _holds(workers: list[RunningWorker], topic: str | None, metric: str, least: float) -> None:
    found: dict[str, float] = {}
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            while found.get(metric, 0) < least:
                found = await metrics_of(workers, topic)
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        raise BrokenError(f"{metric} is {found.get(metric)}, at least {least:,.0f} was to come") from None


def _an_event_each(apps: Iterable[int]) -> Iterator[Delivery]:
    for number in apps:
        app, now_ms = f"com.example.app-{number}", int(time.time() * 1_000)
        event = {"appKey": app, "time": now_ms, "product": "Jira", "clientKey": "client-1",
                 "event": "jira:issue_updated", "statusCode": 200, "durationInMillis": 120}  # fmt: skip
        yield Delivery(app.encode(), orjson.dumps(event), now_ms)


@asynccontextmanager
async def _fed(producer: AIOKafkaProducer, topic: str, apps: int) -> AsyncIterator[None]:
    """Events at a constant rate for as long as it is open."""
    feeding = asyncio.create_task(_feed(producer, topic, apps))
    try:
        yield
    finally:
        feeding.cancel()
        await asyncio.wait([feeding])


async def _feed(producer: AIOKafkaProducer, topic: str, apps: int) -> None:
    chance = random.Random(3)
    while True:
        for key, value, _ in _an_event_each([chance.randrange(apps) for _ in range(EVENTS_A_SECOND // 10)]):
            await producer.send(topic, value, key=key)
        await asyncio.sleep(0.1)
