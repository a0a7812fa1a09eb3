"""The live clock: silence is noticed by the wall clock, but never while there is something left to read."""

import asyncio
import os
import time
from pathlib import Path

import orjson
import pytest
from aiokafka import AIOKafkaProducer

from infra.faketime import FaketimeUnavailableError, wrong_clock
from schemas.event_time import utc_text
from streams.names import WEBHOOK, name_of
from tests.e2e.flow import Flow
from tests.model import Alert, Record, murmur2_partition
from tests.model.build import ORDINARY
from tests.model.generate import MINUTE_MS
from tests.waiting import wait_for

WITHIN_SECONDS = """
apiVersion: openslo/v1
kind: SLO
metadata: {name: webhook-delivery}
spec:
  indicatorRef: webhook-delivery-success-rate
  timeWindow: [{duration: 28d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.99}]
  alertPolicies: [webhook-delivery-16s]
---
apiVersion: openslo/v1
kind: AlertPolicy
metadata: {name: webhook-delivery-16s, annotations: {slo-streams/hop: 1s}}
spec:
  conditions:
    - kind: AlertCondition
      metadata: {name: below-objective}
      spec: {severity: page, condition: {kind: burnrate, op: gt, threshold: 1, lookbackWindow: 16s, alertAfter: 0m}}
"""


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def delivery(flow: Flow, app: str, time_ms: int, *, status: int = 204) -> Record:
    """A well-placed delivery that arrives when it happens."""
    body = {"appKey": app, "time": time_ms, **ORDINARY[WEBHOOK.id], "statusCode": status}
    home = murmur2_partition(app.encode(), flow.partitions)
    return Record(flow.topics.input(WEBHOOK), home, app.encode(), orjson.dumps(body), time_ms)


async def alerts_of(flow: Flow, app: str) -> list[Alert]:
    return [alert for alerts in (await flow.alerts()).values() for alert in alerts if alert["appKey"] == app]


async def wait_for_alert(flow: Flow, app: str, reason: str) -> None:
    async def is_there() -> bool:
        return reason in [alert["reason"] for alert in await alerts_of(flow, app)]

    await wait_for(is_there, 90, f"{reason} of {app}", flow.workers)


@pytest.mark.timeout(400)
def test_an_hour_that_a_worker_missed_is_judged_by_its_events(flow: Flow) -> None:
    async def scenario() -> None:
        await flow.create_topics()
        app, start_ms, end_ms = "com.example.chart", now_ms() - 120 * MINUTE_MS, now_ms()
        # Ten bad minutes in each hour; by now all has been well for longer than the window.
        minutes = [
            delivery(flow, app, time_ms, status=500 if (time_ms - start_ms) // MINUTE_MS % 60 in range(10, 20) else 204)
            for time_ms in range(start_ms, end_ms, MINUTE_MS // 4)
        ]
        half = len(minutes) // 2
        await flow.produce(minutes[:half])
        first = flow.start_worker()  # under the event clock: it stops an hour ago
        await flow.wait_until_read()
        assert await first.stop() == 0
        await flow.produce(minutes[half:])
        flow.clock = "live"
        flow.start_worker()
        await flow.wait_until_read()
        expected = await flow.check(until_ms=end_ms)
        reasons = [alert["reason"] for alert in expected.all_alerts]
        assert reasons == ["BELOW_OBJECTIVE", "RESTORED"] * 2

    asyncio.run(scenario())


@pytest.mark.timeout(400)
def test_silence_is_noticed_unless_a_transaction_may_still_break_it(flow: Flow, tmp_path: Path) -> None:
    async def scenario() -> None:
        flow.clock, flow.lateness_ms, flow.objectives_file = "live", 1_000, tmp_path / "objectives.yaml"
        flow.objectives_file.write_text(WITHIN_SECONDS)
        await flow.create_topics()
        held, silent = "com.example.chart", "com.example.poll"
        assert delivery(flow, held, 0).partition != delivery(flow, silent, 0).partition
        worker = flow.start_worker()
        await worker.says("going on at")
        await flow.produce([delivery(flow, held, now_ms(), status=500)])
        await wait_for_alert(flow, held, "BELOW_OBJECTIVE")
        async with AIOKafkaProducer(
            bootstrap_servers=flow.bootstrap_servers,
            transactional_id=f"{flow.prefix}producer",
            transaction_timeout_ms=300_000,
        ) as producer:
            await producer.begin_transaction()
            undecided = delivery(flow, held, now_ms())
            await producer.send_and_wait(
                undecided.topic, undecided.value, undecided.key, undecided.partition, undecided.timestamp_ms
            )
            undecided_since = utc_text(now_ms())
            await flow.produce([delivery(flow, silent, now_ms(), status=500)])
            # Its silence begins after that of the other app, and is noticed.
            await wait_for_alert(flow, silent, "NO_DATA")
            await worker.says(f"{name_of(undecided.topic, undecided.partition or 0)}: records from ")
            assert f"wait for a transaction of {flow.prefix}producer (producer id " in worker.log
            assert not [alert for alert in await alerts_of(flow, held) if alert["time"] > undecided_since]
            await producer.abort_transaction()
        await wait_for_alert(flow, held, "NO_DATA")
        await flow.check(until_ms=now_ms())

    asyncio.run(scenario())


@pytest.mark.parametrize(("shift", "said"), [("+1h", "ahead of"), ("-1h", "behind")])
@pytest.mark.timeout(400)
def test_a_worker_whose_clock_is_wrong_judges_by_that_of_the_brokers(
    flow: Flow, tmp_path: Path, shift: str, said: str
) -> None:
    async def scenario() -> None:
        flow.clock, flow.lateness_ms, flow.objectives_file = "live", 1_000, tmp_path / "objectives.yaml"
        flow.objectives_file.write_text(WITHIN_SECONDS)
        flow.event_stamp = "LogAppendTime"
        await flow.create_topics()
        begun_ms = now_ms()
        worker = flow.start_worker(program=("tests.faults.wrong_clock",), SLO_HEARTBEAT_INTERVAL="1s", **clock)
        await worker.says("going on at")
        app = "com.example.chart"
        await flow.produce([delivery(flow, app, now_ms(), status=500)])
        await wait_for_alert(flow, app, "BELOW_OBJECTIVE")
        await wait_for_alert(flow, app, "NO_DATA")
        await flow.check(until_ms=now_ms())
        times = [alert["time"] for alert in await alerts_of(flow, app)]
        assert utc_text(begun_ms) <= min(times) <= max(times) <= utc_text(now_ms())
        assert f"the clock of this machine is 3600 s {said} the brokers'" in worker.log

    try:
        clock = wrong_clock(shift, print)
    except FaketimeUnavailableError as reason:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(reason))
    asyncio.run(scenario())


def test_a_producer_whose_clock_is_fast_makes_nobody_late(flow: Flow) -> None:
    """On topics as the product makes them, where the time is the broker's."""

    async def scenario() -> None:
        flow.event_stamp = "LogAppendTime"
        await flow.create_topics()
        start_ms, fast_ms = now_ms() - 60 * MINUTE_MS, now_ms() + 50 * MINUTE_MS
        apps = [f"com.example.app-{number}" for number in range(10)]
        honest = [
            delivery(flow, app, time_ms, status=500 if 10 <= (time_ms - start_ms) // MINUTE_MS < 20 else 204)
            for time_ms in range(start_ms, start_ms + 55 * MINUTE_MS, MINUTE_MS // 2)
            for app in apps
        ]
        fast = [delivery(flow, f"com.example.fast-{number}", fast_ms) for number in range(4 * flow.partitions)]
        assert {record.partition for record in fast} == set(range(flow.partitions))
        await flow.produce([*honest[: len(honest) // 3], *fast, *honest[len(honest) // 3 :]])
        flow.start_worker()
        await flow.wait_until_read()
        judged = await flow.check()
        assert [reason for *_, reason in judged.rejected] == ["future_time"] * len(fast)
        assert sum(alert["type"] == "BREACH" for alert in judged.all_alerts) == len(apps)

    asyncio.run(scenario())
