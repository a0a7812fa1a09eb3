"""A flow under test: its own topics and group on the shared broker, real worker processes, and what must come of it."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError

from schemas import RejectedHeaders
from streams.evaluation.objective import Objective
from streams.kafka.topic_setup import prepare_topics
from streams.names import Topics
from streams.objectives import load_objectives
from streams.settings import Settings
from tests.kafka_fixture import Kafka
from tests.model import Alert, Judged, Record, judge, murmur2_partition
from tests.model.copies import APPLICATION, REDRIVEN, REROUTED, is_foreign, rerouted_from
from tests.model.invariants import violations
from tests.model.reading import Event, read
from tests.waiting import wait_for

SHORT_SESSION_S = 10
"""For tests that wait until a worker is thought dead. Shorter still, a busy machine fails healthy ones, too."""


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

    async def end(self, timeout_s: float = 120) -> int:
        """Wait for it to end; its exit code."""

        async def has_ended() -> bool:
            return self.exit_code is not None

        await wait_for(has_ended, timeout_s, "the worker to end", [self])
        assert self.exit_code is not None
        return self.exit_code

    async def stop(self) -> int:
        """Ask it to stop; its exit code."""
        self.process.terminate()
        return await self.end()

    async def stands_still(self) -> None:
        """Wait until it was stopped by a signal."""

        async def is_stopped() -> bool:
            looking = os.WSTOPPED | os.WNOHANG | os.WNOWAIT
            return os.waitid(os.P_PID, self.process.pid, looking) is not None  # noqa: ASYNC222 - WNOHANG

        await wait_for(is_stopped, 120, "the worker to be stopped", [self])

    async def says(self, text: str, timeout_s: float = 120) -> None:
        """Wait for a text in its log."""

        async def said() -> bool:
            return text in self.log

        await wait_for(said, timeout_s, f"the worker to say {text!r}", [self])

    def kill(self) -> None:
        """End it, whatever state it is in."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=60)


@dataclass
class Flow:
    """One product installation: `prefix` names its topics, group and transactional ids.

    `event_stamp` says whose time the records of events have: that of whoever wrote them, so that a log of the past is
    what it was, or that of the broker, as on topics that the product makes. `launcher` is a command line that workers
    are started by, `program` a module that runs them, and what comes before its command.
    """

    bootstrap_servers: str
    prefix: str
    folder: Path
    partitions: int = 4
    replicas: int = 1
    clock: str = "event"
    lateness_ms: int = 10_000
    session_s: int = 30
    event_stamp: str = "CreateTime"
    objectives_file: Path | None = None
    launcher: tuple[str, ...] = ()
    program: tuple[str, ...] = ("streams.cli",)
    application: str = "app"
    output_prefix: str | None = None
    workers: list[WorkerProcess] = field(default_factory=list)

    @property
    def topics(self) -> Topics:
        """Names of its topics."""
        return Topics(self.prefix, self.output_prefix)

    @property
    def application_id(self) -> str:
        """Its consumer group."""
        return f"{self.prefix}{self.application}"

    def beside(self, application: str, *, own_outputs: bool) -> "Flow":
        """Another application on the same inputs."""
        output_prefix = f"{self.prefix}{application}." if own_outputs else None
        return replace(self, application=application, output_prefix=output_prefix)

    @property
    def objectives(self) -> Sequence[Objective]:
        """What is judged; the shipped objectives without a file."""
        return load_objectives(self.objectives_file)

    @property
    def environment(self) -> dict[str, str]:
        """The settings of its workers."""
        environment = {
            "SLO_BOOTSTRAP_SERVERS": self.bootstrap_servers,
            "SLO_APPLICATION_ID": self.application_id,
            "SLO_TOPIC_PREFIX": self.prefix,
            "SLO_PARTITIONS": str(self.partitions),
            "SLO_REPLICATION_FACTOR": str(self.replicas),
            "SLO_CLOCK": self.clock,
            "SLO_ALLOWED_LATENESS": f"{self.lateness_ms}ms",
            "SLO_SESSION_TIMEOUT": f"{self.session_s}s",
        }
        if self.output_prefix is not None:
            environment["SLO_OUTPUT_PREFIX"] = self.output_prefix
        if self.objectives_file is not None:
            environment["SLO_OBJECTIVES"] = str(self.objectives_file)
        return environment

    @property
    def settings(self) -> Settings:
        """What a process of this installation needs to know of its Kafka."""
        return Settings(
            bootstrap_servers=self.bootstrap_servers,
            application_id=self.application_id,
            topic_prefix=self.prefix,
            output_prefix=self.output_prefix,
            partitions=self.partitions,
            replication_factor=self.replicas,
        )

    async def create_topics(self, largest_record_bytes: int = 1024 * 1024) -> None:
        """Make its topics as a worker would; `largest_record_bytes` is for the input topics.

        The events of a generated log happened months ago: a broker with the default retention would drop them.
        """
        kafka = Kafka(self.bootstrap_servers)
        for topic in self.topics.inputs:
            await kafka.create_topic(
                topic,
                partitions=self.partitions,
                replicas=self.replicas,
                retention_ms="-1",
                message_timestamp_type=self.event_stamp,
                max_message_bytes=str(largest_record_bytes),
            )
        await prepare_topics(self.settings)

    def start_worker(
        self, *arguments: str, program: Sequence[str] = (), command: str = "worker", **settings: str
    ) -> WorkerProcess:
        """Start a worker with command line arguments; `settings` are further variables, by their whole names.

        `command` is that of another service.
        """
        log_file = self.folder / f"worker-{len(self.workers)}.log"
        with log_file.open("wb") as log:
            process = subprocess.Popen(
                [*self.launcher, sys.executable, "-m", *(program or self.program), command, *arguments],
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
        return [
            record._replace(
                topic=self.prefix + record.topic.removeprefix(default),
                headers=tuple((name, self._marked(name, value)) for name, value in record.headers),
            )
            for record in records
        ]

    def _marked(self, name: str, value: bytes | None) -> bytes | None:
        """A mark of the generated logs' application as one of this flow's."""
        if value is None or name not in (REROUTED, REDRIVEN):
            return value
        return re.sub(f"^{APPLICATION}/".encode(), f"{self.application_id}/".encode(), value)

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
        try:
            await producer.start()
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

    @property
    def input_partitions(self) -> list[TopicPartition]:
        """Every partition the workers read."""
        return [
            TopicPartition(topic, partition) for topic in self.topics.inputs for partition in range(self.partitions)
        ]

    async def committed(self) -> dict[TopicPartition, int]:
        """Up to where the workers have committed."""
        async with self.admin() as admin:
            try:
                offsets = await admin.list_consumer_group_offsets(self.application_id)
            except GroupCoordinatorNotAvailableError:  # the first group of a new broker
                return {}
            return {tp: offset.offset for tp, offset in offsets.items()}

    async def end_offsets(self, tps: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """Where partitions end, open transactions and markers included."""
        async with AIOKafkaConsumer(bootstrap_servers=self.bootstrap_servers) as consumer:
            return dict(await consumer.end_offsets(tps))

    async def wait_until_read(self, timeout_s: float = 120) -> None:
        """Wait until the workers have committed every input partition to its end."""

        lag: dict[TopicPartition, int] = {}

        async def is_read() -> bool:
            lag.update(await self.lag())
            return not any(lag.values())

        try:
            await wait_for(is_read, timeout_s, "the workers to read everything", self.workers)
        except TimeoutError as problem:
            problem.add_note(f"lag: {lag}")
            raise

    async def lag(self) -> dict[TopicPartition, int]:
        """How much of every input partition the workers have not committed."""
        committed = await self.committed()  # first: a commit may append rerouted records
        ends = await self.end_offsets(self.input_partitions)
        return {tp: max(0, end - committed.get(tp, 0)) for tp, end in ends.items()}

    async def wait_for_commits(self, timeout_s: float = 120) -> None:
        """Wait until the workers have committed more than they have now."""
        before = sum((await self.committed()).values())

        async def is_more() -> bool:
            return sum((await self.committed()).values()) > before

        await wait_for(is_more, timeout_s, "the workers to commit", self.workers)

    @asynccontextmanager
    async def admin(self) -> AsyncIterator[AIOKafkaAdminClient]:
        """A client for what an operator does to topics."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap_servers)
        try:
            await admin.start()
            yield admin
        finally:
            await admin.close()

    async def delete_topic(self, topic: str) -> None:
        """Delete a topic, and wait until no broker speaks of it any more."""
        async with self.admin() as admin:
            await admin.delete_topics([topic])

            async def is_gone() -> bool:
                return topic not in await admin.list_topics()

            await wait_for(is_gone, 120, f"{topic} to be gone")

    async def read(self, topic: str) -> list[Any]:
        """All committed records of a topic, partition by partition, once no transaction is open on it any more."""
        tps = [TopicPartition(topic, partition) for partition in range(self.partitions)]
        ends = await self.end_offsets(tps)
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap_servers,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        async with consumer, asyncio.timeout(120):
            consumer.assign(tps)
            await consumer.seek_to_beginning(*tps)
            found = []
            while any([await consumer.position(tp) < ends[tp] for tp in tps]):
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    found += records
            return sorted(found, key=lambda record: (record.partition, record.offset))

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
            headers = RejectedHeaders.from_kafka(record.headers)
            found.append((headers.topic, headers.partition, headers.offset, headers.reason.value))
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
            lateness_ms=self.lateness_ms,
            partitions=self.partitions,
            until_ms=until_ms,
            topics=self.topics,
            application=self.application_id,
        )
        published = await self.alerts()
        for place, alerts in expected.alerts.items():
            assert _lines(published.pop(place, [])) == _lines(alerts), place
        assert not any(published.values())
        assert await self.rejected() == sorted(
            (topic, partition, offsets[topic, partition][index], reason)
            for topic, partition, index, reason in expected.rejected
        )
        for alerts in expected.alerts.values():
            assert violations(alerts) == []
        await self._check_state(expected)
        self._check_reroutes(log)
        return expected

    def _check_reroutes(self, log: Sequence[tuple[int, Record]]) -> None:
        """Every misplaced record was put right once: key and partition of its appKey, all else kept.

        Where the broker gives each record a timestamp of its own, the copy tells that of its original.
        """
        wanted, found, is_dated_anew = [], [], self.event_stamp == "LogAppendTime"
        for offset, record in log:
            mark = record.header(REROUTED)
            if mark is not None and mark.startswith(f"{self.application_id}/{record.topic}/".encode()):
                found.append(record)
            event = read(record, self.topics.inputs[record.topic])
            if mark is None and isinstance(event, Event) and not is_foreign(record, self.application_id):
                key = event.app_key.encode()
                home = murmur2_partition(key, self.partitions)
                if (key, home) != (record.key, record.partition):
                    headers = (*record.headers, rerouted_from(record, offset, self.application_id))
                    if is_dated_anew:
                        headers = (*headers, ("rerouted-timestamp", str(record.timestamp_ms).encode()))
                    wanted.append(record._replace(key=key, partition=home, headers=headers))
        if is_dated_anew:
            wanted, found = ([one._replace(timestamp_ms=0) for one in some] for some in (wanted, found))
        assert sorted(found, key=repr) == sorted(wanted, key=repr)

    async def _check_state(self, expected: Judged) -> None:
        latest = {
            (alert["appKey"], alert["metricId"], alert["scope"], alert["objective"]): alert
            for alert in expected.all_alerts
        }
        state = {tuple(orjson.loads(record.key)): record for record in await self.read(self.topics.alert_state)}
        assert {key: orjson.loads(record.value) for key, record in state.items()} == latest
        for key, record in state.items():
            assert record.partition == murmur2_partition(key[0].encode(), self.partitions)


def _lines(alerts: Iterable[Alert]) -> list[str]:
    """Alerts as text, a line each, so that a difference can be read."""
    return [orjson.dumps(alert, option=orjson.OPT_SORT_KEYS).decode() for alert in alerts]
