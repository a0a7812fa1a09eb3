"""What a running worker tells about itself, and how one that makes no progress ends."""

import asyncio
from collections import Counter

import orjson
import pytest
from aiohttp import ClientConnectionError, ClientSession
from prometheus_client.parser import text_string_to_metric_families

from streams.exits import ExitCode
from tests.e2e.flow import SHORT_SESSION_S, Flow, WorkerProcess
from tests.model import Record
from tests.model.generate import random_log
from tests.ports import free_port
from tests.waiting import wait_for


class Endpoint:
    """The health endpoint of a worker."""

    def __init__(self, worker: WorkerProcess, port: int) -> None:
        self._worker = worker
        self._url = f"http://127.0.0.1:{port}"

    async def get(self, path: str) -> tuple[int, str]:
        """Status and text; status 0 while nobody answers."""
        try:
            async with ClientSession() as session, session.get(self._url + path) as response:
                return response.status, await response.text()
        except ClientConnectionError:
            return 0, ""

    async def becomes(self, path: str, status: int) -> str:
        """Wait for a status; the text that came with it."""
        text = ""

        async def is_there() -> bool:
            nonlocal text
            found, text = await self.get(path)
            return found == status

        await wait_for(is_there, 120, f"{path} to answer {status}", [self._worker])
        return text

    async def sums(self, metric: str, *labels: str) -> Counter[tuple[str, ...]]:
        """A metric's samples, added up by some of its labels; without those that are 0."""
        _, text = await self.get("/metrics")
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        found: Counter[tuple[str, ...]] = Counter()
        for sample in samples:
            if sample.name == f"slo_streams_{metric}":
                found[tuple(sample.labels[label] for label in labels)] += int(sample.value)
        return +found


def test_a_worker_tells_what_it_does(flow: Flow) -> None:
    async def scenario() -> None:
        await flow.create_topics()
        await flow.produce(flow.place(random_log(3, 2_000, partitions=flow.partitions)))
        port = free_port()
        worker = flow.start_worker(SLO_HEALTH_PORT=str(port), SLO_LOG_FORMAT="json")
        endpoint = Endpoint(worker, port)
        assert orjson.loads(await endpoint.becomes("/ready", 200))["restoring"] == []
        assert await endpoint.sums("partitions") == {(): len(flow.input_partitions)}

        await flow.wait_until_read()
        expected = await flow.check()
        log = await flow.input_log()
        read = Counter((record.topic,) for _, record in log)

        async def is_told() -> bool:
            return await endpoint.sums("records_total", "topic") == read and not await endpoint.sums("lag_records")

        await wait_for(is_told, 90, "the metrics to tell of every record", [worker])
        assert await endpoint.get("/live") == (200, '{"live":true,"reason":null}')
        verdicts = await endpoint.sums("events_total", "verdict")
        assert verdicts["counted",] > verdicts["not_counted",] > 0
        rejected = Counter((topic, reason) for topic, _, _, reason in expected.rejected)
        assert await endpoint.sums("rejected_total", "topic", "reason") == rejected
        rerouted = (await endpoint.sums("rerouted_total"))[()]
        assert verdicts.total() + rejected.total() + rerouted == len(log)
        alerts = Counter((alert["type"], alert["reason"]) for alert in expected.all_alerts)
        assert await endpoint.sums("alerts_total", "kind", "reason") == alerts
        assert (await endpoint.sums("alert_delay_seconds_count"))[()] == alerts.total()
        breaches = sum(count if kind == "BREACH" else -count for (kind, _), count in alerts.items())
        assert (await endpoint.sums("open_breaches"))[()] == breaches

        await flow.produce([Record(flow.topics.apps, 0, b"com.example.app", b"{", None)])

        async def is_accounted_for() -> bool:
            found = await endpoint.sums("reference_rejected_total", "topic", "reason")
            return found == {(flow.topics.apps, "not_json"): 1}

        await wait_for(is_accounted_for, 90, "the unusable app to be counted", [worker])
        assert await endpoint.sums("rejected_total", "topic", "reason") == rejected
        assert await worker.stop() == 0
        assert {orjson.loads(line)["level"] for line in worker.log.splitlines()} <= {"INFO", "WARNING"}

    asyncio.run(scenario())


def test_workers_on_one_machine_share_the_work_though_not_the_port(flow: Flow) -> None:
    async def scenario() -> None:
        flow.session_s = SHORT_SESSION_S
        await flow.create_topics()
        port = free_port()
        first = flow.start_worker(SLO_HEALTH_PORT=str(port))
        endpoint = Endpoint(first, port)
        await endpoint.becomes("/ready", 200)
        second = flow.start_worker(SLO_HEALTH_PORT=str(port))
        await second.says("no health endpoint")
        await second.says("going on at")
        await endpoint.becomes("/ready", 200)

        async def is_shared() -> bool:
            return 0 < (await endpoint.sums("partitions"))[()] < len(flow.input_partitions)

        await wait_for(is_shared, 90, "the first to hold some of the partitions", [first])
        assert await second.stop() == 0
        assert await first.stop() == 0

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("judges", "the event loop does not answer"),
        ("commits", "no commit within 20 s"),
        ("joins", "the consumer group has taken no heartbeat for"),
        ("fetches", "a fetch was not answered for"),
    ],
)
def test_a_worker_that_gets_nowhere_ends_and_costs_nothing(flow: Flow, step: str, said: str) -> None:
    async def scenario() -> None:
        flow.session_s = SHORT_SESSION_S
        await flow.create_topics()
        await flow.produce(flow.place(random_log(4, 500, partitions=flow.partitions)))
        port = free_port()
        worker = flow.start_worker(
            program=("tests.faults.broken_worker", step), SLO_WATCHDOG="20s", SLO_HEALTH_PORT=str(port)
        )
        if step != "judges":  # else nobody is there to answer
            assert said in await Endpoint(worker, port).becomes("/live", 503)
        assert await worker.end() == ExitCode.BROKEN
        assert f"no progress for 20 s: {said}" in worker.log
        flow.start_worker()
        await flow.wait_until_read()
        assert (await flow.check()).all_alerts

    asyncio.run(scenario())
