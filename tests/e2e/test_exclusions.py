"""Catalogue and exclusions on real Kafka: names in alerts, clients that never count, breaches that are annulled."""

import asyncio
import random
import sys
from collections import Counter
from pathlib import Path

import orjson
import pytest

from tests.e2e.flow import SHORT_SESSION_S, Flow
from tests.e2e.test_live_clock import WITHIN_SECONDS, alerts_of, delivery, now_ms, wait_for_alert
from tests.model import Record, judge
from tests.model.build import LISTED
from tests.model.generate import HOUR_MS, START_MS, random_log
from tests.model.generate_exclusions import app_versions, exclusion_versions


async def check_beside(flow: Flow) -> None:
    """Hold what was published against the recount, where all apps and exclusions were known before the first event."""
    beside = [
        Record(topic, record.partition, record.key, record.value, record.timestamp)
        for topic in (flow.topics.apps, flow.topics.exclusions)
        for record in await flow.read(topic)
    ]
    log = [*beside, *(record for _, record in await flow.input_log())]
    expected = judge(
        log,
        flow.objectives,
        lateness_ms=flow.lateness_ms,
        partitions=flow.partitions,
        topics=flow.topics,
        application=flow.application_id,
    )
    rejected = Counter((topic, partition, reason) for topic, partition, _, reason in await flow.rejected())
    assert rejected == Counter((topic, partition, reason) for topic, partition, _, reason in expected.rejected)
    assert {topic for topic, *_ in rejected} >= set(flow.topics.reference)
    published = await flow.alerts()
    for place, alerts in expected.alerts.items():
        assert published.pop(place, []) == alerts, place
    assert not any(published.values())
    reasons = {alert["reason"] for alert in expected.all_alerts}
    assert reasons >= {"BELOW_OBJECTIVE", "RESTORED", "EXCLUDED"}
    assert any(alert["appDetails"]["partnerName"] for alert in expected.all_alerts)


def test_workers_that_crash_annul_the_same_breaches(flow: Flow) -> None:
    async def scenario() -> None:
        flow.session_s = SHORT_SESSION_S
        await flow.create_topics()
        rng = random.Random(7)
        exclusions = exclusion_versions(rng, 40, span_ms=6 * HOUR_MS, partitions=flow.partitions)
        apps = app_versions(rng, 20, span_ms=6 * HOUR_MS, partitions=flow.partitions)
        past = [it for it in (*apps, *exclusions) if (it.timestamp_ms or 0) <= now_ms()]  # as a broker would have it
        beside = flow.place(past)
        log = flow.place(random_log(7, 3_000, partitions=flow.partitions))
        await flow.produce(beside)
        await flow.produce(log[:1_000])
        worker = flow.start_worker()
        await flow.wait_until_read()
        worker.kill()
        await flow.produce(log[1_000:])
        flow.start_worker(SLO_FAIL="after_alerts:9")
        flow.start_worker()
        await flow.produce(flow.closing_records(START_MS + 60 * HOUR_MS))
        await flow.wait_until_read()
        await check_beside(flow)

    asyncio.run(scenario())


async def slo_streams(flow: Flow, *arguments: str) -> str:
    """Run a command of the product; what it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "streams.cli", *arguments, env=flow.environment, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0
    return printed.decode()


@pytest.mark.timeout(400)
def test_a_platform_fault_declared_afterwards_annuls_the_breach(flow: Flow, tmp_path: Path) -> None:
    async def scenario() -> None:
        flow.clock, flow.lateness_ms, flow.objectives_file = "live", 1_000, tmp_path / "objectives.yaml"
        flow.objectives_file.write_text(WITHIN_SECONDS.replace("16s", "600s"))
        await flow.create_topics()
        worker = flow.start_worker()
        await worker.says("going on at")
        app = "com.example.chart"
        listed = {"appKey": app, **LISTED, "name": "Chart", "partnerName": "Example"}
        (tmp_path / "apps.json").write_bytes(orjson.dumps([listed]))
        await slo_streams(flow, "apps", "import", str(tmp_path / "apps.json"))
        started_ms = now_ms()
        await flow.produce([delivery(flow, app, started_ms, status=500)])
        await wait_for_alert(flow, app, "BELOW_OBJECTIVE")
        since = ("--start", str(started_ms - 1_000), "--end", str(started_ms + 1_000))
        await slo_streams(flow, "exclude", "add", "--app", app, "--reason", "platform-fault", *since)
        await wait_for_alert(flow, app, "EXCLUDED")
        breach, annulled = await alerts_of(flow, app)
        assert (annulled["type"], annulled["sliValue"], annulled["badCount"]) == ("RECOVERY", None, 0)
        assert annulled["incidentId"] == breach["incidentId"]
        assert annulled["appDetails"] == {"name": "Chart", "partnerName": "Example"}

    asyncio.run(scenario())
