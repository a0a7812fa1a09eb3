"""Case: this project beside its peers and the limits, on the same records.

Every peer reads the topic that one worker has worked through just before; two workers have a copy of their own. What
a peer puts out is held against a recount of every window, so that a wrong fast answer counts for nothing.
"""

import shutil
from collections.abc import AsyncIterator
from typing import Final

import orjson
from aiokafka import AIOKafkaProducer

from streams.names import WEBHOOK
from tests.bench.case import PARTITIONS, BrokenError, Reading, Stage
from tests.bench.load import FIRST_RECORDS, SPAN_MS, Load, produce
from tests.bench.peers.catalogue import CHUNKS, COUNT, PEERS, Peer
from tests.bench.peers.environment import UnavailableError
from tests.bench.peers.run import Course, PeerError, run_peer
from tests.bench.recount import Windows, recount
from tests.bench.results import BEST_PEER, COMMON_PEER, SHARE_OF_TRANSPORT
from tests.bench.topics import committed_values, create_topic
from tests.bench.worker_run import work_through

OURS: Final = "slo-streams"
ONE_WORKER: Final = f"{OURS}, one worker"
TWO_WORKERS: Final = f"{OURS}, two workers"
PER_CPU_S: Final = "events per CPU second"
WARM_PER_CPU_S: Final = f"{PER_CPU_S}, warm"
TIMES_ONE: Final = "CPU, times one worker's"
_FULL_EVENTS: Final = 1_000_000


def part_of(name: str, events: int) -> str:
    """Name of a subject with a number of events, as results have it."""
    return f"{name} @ {events}"


def load_of(events: int) -> Load:
    """An hour of events; fewer than a million are the beginning of that hour, as dense."""
    return Load(events, span_ms=min(SPAN_MS, SPAN_MS * events // _FULL_EVENTS))


class Comparison:
    """Fast subjects take their turn in every round, slow ones run once."""

    async def prepare(self, stage: Stage) -> None:
        """Nothing outlasts a round."""
        self._missing: set[str] = set()

    async def measure(self, stage: Stage, round_number: int) -> AsyncIterator[Reading]:
        """All of them, one after the other."""
        slow = {peer.name for peer in PEERS if peer.most_events}
        if not slow.issuperset(stage.peers):
            for events in stage.events:
                yield await self._side_by_side(stage, events, round_number)
        for peer in self._taking_part(stage):
            if peer.most_events and round_number == 1:
                yield await self._alone(stage, peer, peer.most_events)

    def _taking_part(self, stage: Stage) -> list[Peer]:
        return [peer for peer in PEERS if peer.name in stage.peers and peer.name not in self._missing]

    async def _side_by_side(self, stage: Stage, events: int, round_number: int) -> Reading:
        load, name = load_of(events), f"compare-{events}-{round_number}"
        courses: dict[str, Course] = {}
        if TWO_WORKERS in stage.peers:
            try:
                courses[TWO_WORKERS] = (await work_through(stage, f"{name}-two", load, workers=2)).course
            except BrokenError as problem:
                stage.report(f"{TWO_WORKERS}: {problem}")
        # Also where it is not asked for: its topic is everybody's, and its speed the measure.
        courses[ONE_WORKER] = (await work_through(stage, name, load)).course
        topic = stage.settings(name).topics.input(WEBHOOK)
        for peer in self._taking_part(stage):
            if not peer.most_events:
                course = await self._peer(stage, peer, topic, f"{name}-{PEERS.index(peer)}", load)
                if course is not None:
                    courses[peer.name] = course
        return _reading(courses, events)

    async def _alone(self, stage: Stage, peer: Peer, events: int) -> Reading:
        load, name = load_of(events), f"alone-{PEERS.index(peer)}"
        await create_topic(stage.kafka.bootstrap_servers, name, PARTITIONS)
        producer = AIOKafkaProducer(bootstrap_servers=stage.kafka.bootstrap_servers, enable_idempotence=True)
        await producer.start()
        try:
            await produce(producer, name, PARTITIONS, load.first.records())
            await produce(producer, name, PARTITIONS, load.records())
        finally:
            await producer.stop()
        course = await self._peer(stage, peer, name, f"{name}-out", load)
        return {} if course is None else _reading({peer.name: course}, events)

    async def _peer(self, stage: Stage, peer: Peer, topic: str, output: str, load: Load) -> Course | None:
        servers = stage.kafka.bootstrap_servers
        await create_topic(servers, output, PARTITIONS)
        try:
            course = await run_peer(
                peer,
                servers,
                topic,
                output,
                FIRST_RECORDS + load.events,
                folder=stage.folder,
                broker_pid=stage.kafka.pid or 0,
            )
            if peer.is_checked:
                await _check(peer, servers, output, load)
        except (UnavailableError, PeerError) as problem:
            stage.report(f"{peer.name} does not take part: {problem}")
            self._missing.add(peer.name)
            return None
        shutil.rmtree(stage.folder / output)
        return course


def _reading(courses: dict[str, Course], events: int) -> Reading:
    reading = {
        (part_of(name, events), what): value
        for name, course in courses.items()
        for what, value in course.figures.items()
    }
    ours = part_of(ONE_WORKER, events)
    for other in (COUNT, BEST_PEER, COMMON_PEER):
        for of_what in ("", ", warm"):
            pair = [reading.get((part_of(name, events), PER_CPU_S + of_what)) for name in (ONE_WORKER, other)]
            if pair[0] and pair[1]:
                reading[ours, f"times {other}{of_what}"] = pair[0] / pair[1]
    warm = [reading.get((part_of(name, events), WARM_PER_CPU_S)) for name in (ONE_WORKER, CHUNKS)]
    if warm[0] and warm[1]:
        reading[ours, SHARE_OF_TRANSPORT] = warm[0] / warm[1]
    if TWO_WORKERS in courses:
        both = courses[TWO_WORKERS].figures[PER_CPU_S]
        reading[part_of(TWO_WORKERS, events), TIMES_ONE] = courses[ONE_WORKER].figures[PER_CPU_S] / both
    return reading


async def _check(peer: Peer, servers: str, output: str, load: Load) -> None:
    found: Windows = {}
    async for value in committed_values(servers, output, PARTITIONS):
        row = orjson.loads(value)
        found[row["appKey"], row["windowEnd"]] = (row["good"], row["bad"])
    counted = recount(load, PARTITIONS)
    expected = counted.windows()
    if not peer.closes_all:
        until_ms = counted.closed_before_ms()
        found, expected = (
            {key: counts for key, counts in windows.items() if key[1] <= until_ms} for windows in (found, expected)
        )
    if found != expected:
        wrong = {key for key in found.keys() | expected.keys() if found.get(key) != expected.get(key)}
        example = min(wrong)
        raise PeerError(
            f"{len(wrong):,} of {len(expected):,} windows are not as recounted, as {example}: "
            f"{found.get(example)}, not {expected.get(example)}"
        )
