"""A flow under test: its own topics and group on the shared broker, real worker processes, and what must come of it."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError

from streams.evaluation.objective import Objective
from streams.kafka.topics import prepare_topics
from streams.names import Topics
from streams.objectives import load_objectives
from streams.settings import Settings
from tests.model import Alert, Judged, Record, judge, murmur2_partition
from tests.model.invariants import violations

LATENESS_MS = 10_000
SESSION_TIMEOUT_S = 6


@dataclass
class WorkerProcess:
    """A running `slo-streams worker`."""

    process: subprocess.Popen[bytes]
    log_file: Path

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs."""
        return self.process.poll()

    @property
    def log(self) -> str:
        """What it said."""
        return self.log_file.read_text(errors="replace")

    def stop(self) -> int:
        """Ask it to stop; its exit code."""
        self.process.terminate()
        return self.process.wait(timeout=30)

    def kill(self) -> None:
        """End it, whatever state it is in."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=10)


@dataclass
class Flow:
    """One product installation: `prefix` names its topics, group and transactional ids."""

    bootstrap_servers: str
    prefix: str
    folder: Path
    partitions: int = 4
    clock: str = "event"
    objectives: Sequence[Objective] = field(default_factory=load_objectives)
    workers: list[WorkerProcess] = field(default_factory=list)

    @property
    def topics(self) -> Topics:
        """Names of its topics."""
        return Topics(self.prefix)

    @property
    def environment(self) -> dict[str, str]:
        """The settings of its workers."""
        return {
            "SLO_BOOTSTRAP_SERVERS": self.bootstrap_servers,
            "SLO_APPLICATION_ID": f"{self.prefix}app",
            "SLO_TOPIC_PREFIX": self.prefix,
            "SLO_PARTITIONS": str(self.partitions),
            "SLO_REPLICATION_FACTOR": "1",
            "SLO_CLOCK": self.clock,
            "SLO_SESSION_TIMEOUT": f"{SESSION_TIMEOUT_S}s",
        }

    async def create_topics(self) -> None:
        """Make its topics as a worker would."""
        await prepare_topics(
            Settings(
                bootstrap_servers=self.bootstrap_servers,
                application_id=f"{self.prefix}app",
                topic_prefix=self.prefix,
                partitions=self.partitions,
                replication_factor=1,
            )
        )

    def start_worker(self, **settings: str) -> WorkerProcess:
        """Start a worker; `settings` are further SLO_ variables, by their whole names."""
        log_file = self.folder / f"worker-{len(self.workers)}.log"
        with log_file.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "streams.cli", "worker"],
                env={**os.environ, **self.environment, **settings},
                stdout=log,
                stderr=log,
            )
        worker = WorkerProcess(process, log_file)
        self.workers.append(worker)
        return worker

    def stop(self) -> None:
        """End whatever was started."""
        for worker in self.workers:
            worker.kill()

    # Producing

    def place(self, records: Iterable[Record]) -> list[Record]:
        """Records of a generated log under this flow's topic names."""
        default = Topics().prefix
        return [record._replace(topic=self.prefix + record.topic.removeprefix(default)) for record in records]

    def closing_records(self, time_ms: int) -> list[Record]:
        """A record for every input partition that moves its watermark to a time and counts nowhere."""
        keys: dict[int, str] = {}
        number = 0
        while len(keys) < self.partitions:
            key = f"closing-{number}"
            keys.setdefault(murmur2_partition(key.encode(), self.partitions), key)
            number += 1
        common = {"time": time_ms, "group": "DFR", "product": "Jira", "clientKey": "c", "baseUrl": "https://closing"}
        rest = {"moduleType": "generalPages", "source": "HOST", "lifecycle": "installed", "event": "jira:issue_created"}
        return [
            Record(topic, partition, key.encode(), orjson.dumps({"appKey": key, **common, **rest}), time_ms)
            for topic in self.topics.inputs
            for partition, key in keys.items()
        ]

    async def produce(self, records: Sequence[Record], *, compression: str | None = None, **options: Any) -> None:
        """Append records to the input topics, in order."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self.bootstrap_servers,
            acks="all",
            enable_idempotence=True,
            compression_type=compression,
            linger_ms=5,
            **options,
        )
        await producer.start()
        try:
            sent = [
                await producer.send(
                    record.topic,
                    record.value,
                    record.key,
                    record.partition,
                    record.timestamp_ms,
                    list(record.headers),
                )
                for record in records
            ]
            await asyncio.gather(*sent)
        finally:
            await producer.stop()

    # Waiting and reading

    async def wait_until_read(self, timeout_s: float = 60) -> None:
        """Wait until the workers have committed every input partition to its end."""
        tps = [TopicPartition(topic, partition) for topic in self.topics.inputs for partition in range(self.partitions)]
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap_servers)
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap_servers)
        await consumer.start()
        await admin.start()
        try:

            async def is_read() -> bool:
                ends = await consumer.end_offsets(tps)
                try:
                    committed = await admin.list_consumer_group_offsets(f"{self.prefix}app")
                except GroupCoordinatorNotAvailableError:  # the first group of a new broker
                    return False
                return all(end == 0 or (tp in committed and committed[tp].offset >= end) for tp, end in ends.items())

            await wait_for(is_read, timeout_s, "the workers to read everything", self.workers)
        finally:
            await admin.close()
            await consumer.stop()

    async def read(self, topic: str) -> list[Any]:
        """All committed records of a topic, partition by partition."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap_servers,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        await consumer.start()
        try:
            tps = [TopicPartition(topic, partition) for partition in range(self.partitions)]
            consumer.assign(tps)
            await consumer.seek_to_beginning(*tps)
            ends = await consumer.end_offsets(tps)
            found = []
            while any([await consumer.position(tp) < ends[tp] for tp in tps]):
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    found += records
            return sorted(found, key=lambda record: (record.partition, record.offset))
        finally:
            await consumer.stop()

    async def input_log(self) -> list[tuple[int, Record]]:
        """Every input record with its offset, as it lies on the topics, rerouted ones among the rest."""
        log = []
        for topic in self.topics.inputs:
            for record in await self.read(topic):
                timestamp = record.timestamp if record.timestamp >= 0 else None
                log.append(
                    (
                        record.offset,
                        Record(topic, record.partition, record.key, record.value, timestamp, tuple(record.headers)),
                    )
                )
        return log

    async def alerts(self) -> dict[tuple[str, int], list[Alert]]:
        """Published alerts by the input topic and partition they speak of, in order."""
        topic_of = {metric.id: topic for topic, metric in self.topics.inputs.items()}
        found: dict[tuple[str, int], list[Alert]] = defaultdict(list)
        for record in await self.read(self.topics.alerts):
            alert = orjson.loads(record.value)
            assert record.key == alert["appKey"].encode()
            found[topic_of[alert["metricId"]], record.partition].append(alert)
        return found

    async def rejected(self) -> list[tuple[str, int, int, str]]:
        """Rejected records as (topic, partition, offset, reason), sorted."""
        found = []
        for record in await self.read(self.topics.rejected):
            headers = {name: value.decode() for name, value in record.headers}
            found.append((headers["topic"], int(headers["partition"]), int(headers["offset"]), headers["reason"]))
        return sorted(found)

    async def check(self, until_ms: int | None = None) -> Judged:
        """Hold everything published against the model's recount of the topics themselves; what the model says."""
        log = await self.input_log()
        offsets: dict[tuple[str, int], list[int]] = defaultdict(list)
        for offset, record in log:
            offsets[record.topic, record.partition].append(offset)
        expected = judge(
            [record for _, record in log],
            self.objectives,
            lateness_ms=LATENESS_MS,
            partitions=self.partitions,
            until_ms=until_ms,
            topics=self.topics,
        )
        published = await self.alerts()
        for place, alerts in expected.alerts.items():
            assert published.pop(place, []) == alerts, place
        assert not any(published.values())
        assert await self.rejected() == sorted(
            (topic, partition, offsets[topic, partition][index], reason)
            for topic, partition, index, reason in expected.rejected
        )
        for alerts in expected.alerts.values():
            assert violations(alerts) == []
        await self._check_state(expected)
        return expected

    async def _check_state(self, expected: Judged) -> None:
        latest = {
            (alert["appKey"], alert["metricId"], alert["scope"], alert["objective"]): alert
            for alert in expected.all_alerts
        }
        state = {tuple(orjson.loads(record.key)): record for record in await self.read(self.topics.alert_state)}
        assert {key: orjson.loads(record.value) for key, record in state.items()} == latest
        for key, record in state.items():
            assert record.partition == murmur2_partition(key[0].encode(), self.partitions)


async def wait_for(
    condition: Callable[[], Awaitable[bool]], timeout_s: float, what: str, workers: Sequence[WorkerProcess] = ()
) -> None:
    """Wait for a condition to come true.

    Raises:
        TimeoutError: it did not; with the end of the workers' logs.
    """
    deadline = time.monotonic() + timeout_s
    while not await condition():
        if time.monotonic() > deadline:
            logs = "\n".join(f"--- {worker.log_file.name}\n{worker.log[-3000:]}" for worker in workers)
            raise TimeoutError(f"waited {timeout_s} s for {what}\n{logs}")
        await asyncio.sleep(0.1)
