"""How many URLs one prober manages, how punctually, and at what cost: `python -m tests.bench.prober [--https]`.

The whole way: a catalogue on a real Kafka, `slo-streams prober`, a web server in another process, results on Kafka.
"""

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from typing import Final, NamedTuple

import orjson
import trustme

from schemas.apps import App
from streams.broker import EmbeddedKafka
from streams.kafka.reader import topic_reader
from streams.kafka.topic_setup import prepare_topics
from streams.names import AVAILABILITY
from streams.prober.schedule import phase_ms
from streams.prober.targets import HealthTarget
from streams.registry.write import write
from streams.settings import Settings
from tests.bench.healthy_server import serving_in_a_process

INTERVAL_MS: Final = 60_000
URLS_OF_AN_APP: Final = 4
START_S: Final = 20.0  # to join the group and read the catalogue; not measured


class Check(NamedTuple):
    """A result: when it began, by how much later than its moment that was, and whether the answer was a good one."""

    time_ms: int
    late_ms: int
    is_good: bool


def apps(base: str, urls: int) -> Iterator[App]:
    for number in range(urls // URLS_OF_AN_APP):
        yield App.model_validate(
            {
                "appKey": f"com.example.app-{number}",
                "name": f"App {number}",
                "partnerName": "Example",
                "email": "sre@example.com",
                "healthcheckUrls": [f"{base}/{number}/{index}" for index in range(URLS_OF_AN_APP)],
                "excludedClientKeys": [],
            }
        )


@contextmanager
def healthy_server(folder: Path, *, https: bool) -> Iterator[str]:
    """Base URL of a running server."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    with serving_in_a_process(folder / "server.pem" if https else None) as base:
        yield base


def run_prober(settings: Settings, folder: Path, seconds: float) -> float:
    """Run it for a time; the CPU seconds it took."""
    environment = {
        "SLO_BOOTSTRAP_SERVERS": settings.bootstrap_servers,
        "SLO_PROBER_ALLOW_PRIVATE": "true",
        "SSL_CERT_FILE": str(folder / "authority.pem"),
    }
    prober = subprocess.Popen([sys.executable, "-m", "streams.cli", "prober"], env=os.environ | environment)
    time.sleep(seconds)
    prober.send_signal(signal.SIGTERM)
    _, status, usage = os.wait4(prober.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    return usage.ru_utime + usage.ru_stime


async def results(settings: Settings) -> list[Check]:
    """Everything the prober reported."""
    found = []
    async with topic_reader(settings, settings.topics.input(AVAILABILITY)) as (consumer, tps):
        consumer.assign(tps)
        await consumer.seek_to_beginning(*tps)
        ends = await consumer.end_offsets(tps)
        for tp in tps:
            while await consumer.position(tp) < ends[tp]:
                for record in (await consumer.getmany(tp, timeout_ms=500)).get(tp, []):
                    event = orjson.loads(record.value)
                    target = HealthTarget(app_key=event["appKey"], url=event["baseUrl"])
                    late_ms = (event["time"] - phase_ms(target, INTERVAL_MS)) % INTERVAL_MS
                    found.append(Check(event["time"], late_ms, event["statusCode"] == 200))
    return found


def report(checks: list[Check], urls: int, minutes: float, cpu_s: float) -> Iterator[str]:
    """The figures, over whole minutes that end with the last check."""
    end_ms = max(check.time_ms for check in checks)
    measured = [check for check in checks if check.time_ms > end_ms - minutes * INTERVAL_MS]
    seconds = Counter(check.time_ms // 1_000 for check in measured)
    del seconds[min(seconds)], seconds[max(seconds)]  # not whole
    percentiles = quantiles((check.late_ms for check in measured), n=1_000, method="inclusive")
    yield f"{len(measured) / minutes:,.0f} checks a minute of {urls:,} due; good: {sum(c.is_good for c in measured):,}"
    yield f"a second: {min(seconds.values())} to {max(seconds.values())}, even would be {urls / 60:.0f}"
    yield (
        f"late by: median {percentiles[499]:.0f} ms, 99 % {percentiles[989]:.0f} ms, 99.9 % {percentiles[998]:.0f} ms, "
        f"most {max(check.late_ms for check in measured)} ms"
    )
    yield f"CPU: {cpu_s:.1f} s in all, {1_000 * cpu_s / len(checks):.2f} ms a check"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--urls", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--https", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, EmbeddedKafka(data_dir=Path(name) / "kafka") as kafka:
        folder = Path(name)
        settings = Settings(bootstrap_servers=kafka.bootstrap_servers, replication_factor=1)
        with healthy_server(folder, https=options.https) as base:
            asyncio.run(fill(settings, base, options.urls))
            cpu_s = run_prober(settings, folder, START_S + 60 * options.minutes)
        for line in report(asyncio.run(results(settings)), options.urls, options.minutes, cpu_s):
            print(line)


async def fill(settings: Settings, base: str, urls: int) -> None:
    """The topics and the catalogue."""
    await prepare_topics(settings)
    await write(settings, settings.topics.apps, {app.app_key: app for app in apps(base, urls)})


if __name__ == "__main__":
    main()
