"""Case: from the boundary of a window to the mail that a server has accepted, and 10,000 alerts at once.

Real processes: the broker, a PostgreSQL that syncs to disk, a worker by the live clock, a notifier, and a mail server
(aiosmtpd) that takes commands without waiting for its answers, as those do that people have. The alerts of a burst lie
behind a gate, so that all are there at the same moment. In the same round a bare sender (aiosmtplib, which waits for
each answer) hands over as many mails, of the same bytes, by as many connections to the same server, and does nothing
else.
"""

import asyncio
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Final

import orjson
import psycopg
from aiokafka import AIOKafkaProducer
from aiosmtplib import SMTP

from streams.child.leash import leashed
from streams.database.embedded import EmbeddedPostgres
from streams.database.migrate import migrate
from streams.database.schema import shipped_migrations
from streams.kafka.placement import partition_of
from streams.kafka.topic_setup import prepare_topics
from streams.names import WEBHOOK
from streams.notifier.mail.smtp import AT_ONCE
from streams.outlet.alert import records_of
from streams.outlet.outgoing import Outgoing
from streams.run.service_process import service_process
from streams.settings import PartitionerName, Settings
from tests.bench.case import PARTITIONS, BrokenError, Reading, Stage
from tests.bench.gate import gate
from tests.bench.usage import tree_usage
from tests.bench.worker_run import ENVIRONMENT
from tests.e2e.test_live_clock import WITHIN_SECONDS
from tests.notifier.office import breach
from tests.waiting import wait_for

BURST: Final = "alerts at once"
LIVE: Final = "live mail"
RATE: Final = "mails per second"
BARE_RATE: Final = "mails per second, bare sender"
SHARE: Final = "share of a bare sender's rate"
DELIVERIES: Final = "alerts taken in and mailed per CPU second"
INTAKE: Final = "alerts taken in per CPU second"
ALL: Final = "boundary to accepted mail"
TAKEN_IN: Final = "boundary to taken in"
CLAIMED: Final = "taken in to claimed"
SENT: Final = "claimed to accepted"
_ALERTS: Final = 10_000
_PARTNERS: Final = 500
_APPS: Final = 500
_LIVE_S: Final = 60.0
_LATENESS_MS: Final = 1_000
_TIMEOUT_S: Final = 300.0
_SENDER: Final = "slo@slo.example"
AT_REST: Final = "going on at"
RECORDED: Final = "select count(*) from slo.delivery where state = 'SENT'"
_MOMENTS: Final = """
select d.id, n.time_ms / 1000.0, extract(epoch from d.created_at), extract(epoch from d.rendered_at)
from slo.delivery d join slo.notification n on n.id = d.notification
"""


@dataclass(frozen=True, slots=True)
class MailBox:
    """A mail server, and what it has accepted."""

    port: int
    path: Path

    @property
    def mails(self) -> int:
        """How many so far."""
        return self.path.read_bytes().count(b"\n")

    def accepted_s(self) -> dict[str, float]:
        """When a mail came first, by its id."""
        found: dict[str, float] = {}
        for line in self.path.read_text().splitlines():
            at_s, name = line.split()
            found.setdefault(name.partition("@")[0], float(at_s))
        return found


@dataclass(frozen=True, slots=True)
class Office:
    """What a round needs: topics, an empty database and its server."""

    settings: Settings
    server: EmbeddedPostgres
    environment: Mapping[str, str]

    def cpu_s(self, notifier_pid: int) -> float:
        """Of the notifier and the database's server, so far."""
        assert self.server.pid is not None
        return tree_usage(notifier_pid).cpu_s + tree_usage(self.server.pid).cpu_s

    def count(self, query: str) -> int:
        """A number from the database."""
        with psycopg.connect(self.server.url) as connection:
            row = connection.execute(query.encode()).fetchone()
        return 0 if row is None or row[0] is None else int(row[0])

    def moments(self) -> dict[str, tuple[float, float, float]]:
        """Of each delivery when its alert was due, when it was taken in, and when it was claimed; epoch seconds."""
        with psycopg.connect(self.server.url) as connection:
            rows = connection.execute(_MOMENTS.encode()).fetchall()
        late_s = _LATENESS_MS / 1_000
        return {name: (float(at_s) + late_s, float(in_s), float(claimed_s)) for name, at_s, in_s, claimed_s in rows}


class Notifier:
    """Both once a round, each in topics and a database of its own."""

    async def prepare(self, stage: Stage) -> None:
        """Nothing outlasts a round."""

    async def measure(self, stage: Stage, round_number: int) -> AsyncIterator[Reading]:
        """Live first, while the machine is as quiet as it is."""
        yield await _live(stage, f"mail-live-{round_number}")
        yield await _burst(stage, f"mail-burst-{round_number}")


async def _live(stage: Stage, name: str) -> Reading:
    """Apps fail and recover one after the other; each alert is looked for at the mail server."""
    rule = stage.folder / f"{name}.yaml"
    rule.write_text(WITHIN_SECONDS)
    async with office(stage, name) as place, mail_box(stage, name) as box:
        more = {"SLO_CLOCK": "live", "SLO_OBJECTIVES": str(rule), "SLO_ALLOWED_LATENESS": f"{_LATENESS_MS}ms"}
        environment = {**place.environment, **more}
        logs = [stage.folder / f"{name}-{service}.log" for service in ("worker", "notifier")]
        async with (
            service_process("worker", environment | {"SLO_HEALTH_PORT": "0"}, logs[0]),
            service_process("notifier", environment | mail_settings(box), logs[1]),
            producing(place.settings) as producer,
        ):
            apps = [f"com.example.app-{number}" for number in range(_APPS)]
            await fill_catalogue(producer, place.settings, apps)
            for log in logs:
                await until(lambda log=log: AT_REST in log.read_text(), f"{log.name}: {AT_REST}")  # type: ignore[misc]
            await _fail_one_by_one(producer, place.settings, apps)
            await until(lambda: box.mails >= 2 * _APPS, f"{2 * _APPS} mails")
            await until(lambda: place.count(RECORDED) >= 2 * _APPS, "all to be recorded")
        moments = place.moments()
        accepted_s = box.accepted_s()
    if len(moments) != 2 * _APPS or accepted_s.keys() != moments.keys():
        raise BrokenError(f"{len(moments)} alerts and mails of {len(accepted_s)}, not {2 * _APPS} of each")
    delays_s = {
        TAKEN_IN: [taken_in_s - due_s for due_s, taken_in_s, _ in moments.values()],
        CLAIMED: [claimed_s - taken_in_s for _, taken_in_s, claimed_s in moments.values()],
        SENT: [accepted_s[name] - claimed_s for name, (_, _, claimed_s) in moments.items()],
        ALL: [accepted_s[name] - due_s for name, (due_s, _, _) in moments.items()],
    }
    reading: Reading = {}
    for what, values in delays_s.items():
        percentiles = quantiles(values, n=100)
        reading |= {(LIVE, f"{what}, s, p50"): percentiles[49], (LIVE, f"{what}, s, p99"): percentiles[98]}
    return reading


async def _burst(stage: Stage, name: str) -> Reading:
    """Alerts that nobody is told of, then as many that are mailed, then as many mails by the bare sender."""
    async with office(stage, name) as place, mail_box(stage, name) as box:
        log = stage.folder / f"{name}.log"
        async with (
            service_process("notifier", {**place.environment, **mail_settings(box)}, log) as notifier,
            producing(place.settings) as producer,
        ):
            apps = [f"com.acme.app-{number}" for number in range(_ALERTS)]
            await fill_catalogue(producer, place.settings, apps)
            await until(lambda: AT_REST in log.read_text(), f"{log.name}: {AT_REST}")
            now_ms = int(time.time()) // 60 * 60_000

            before_s = place.cpu_s(notifier.pid)
            await publish(producer, place.settings, breaches(place.settings, apps, now_ms - 60_000, "ticket"))
            await until(lambda: place.count("select count(*) from slo.notification") >= _ALERTS, "all to be taken in")
            intake_cpu_s = place.cpu_s(notifier.pid) - before_s

            async with gate(place.settings.bootstrap_servers, place.settings.topics.alerts, PARTITIONS) as open_gate:
                await publish(producer, place.settings, breaches(place.settings, apps, now_ms, "page"))
                before_s, begun_s = place.cpu_s(notifier.pid), time.time()
                await open_gate()
            await until(lambda: box.mails >= _ALERTS, f"{_ALERTS} mails")
            took_s = max(box.accepted_s().values()) - begun_s
            await until(lambda: place.count(RECORDED) >= _ALERTS, "all to be recorded")
            cpu_s = place.cpu_s(notifier.pid) - before_s
        if box.mails != _ALERTS or len(box.accepted_s()) != _ALERTS:
            raise BrokenError(f"{box.mails} mails of {len(box.accepted_s())} alerts, not {_ALERTS}")
        bare_s = await _send_bare(box, _bodies(place))
    return {
        (BURST, RATE): _ALERTS / took_s,
        (BURST, BARE_RATE): _ALERTS / bare_s,
        (BURST, SHARE): bare_s / took_s,
        (BURST, DELIVERIES): _ALERTS / cpu_s,
        (BURST, INTAKE): _ALERTS / intake_cpu_s,
    }


def _bodies(office: Office) -> list[tuple[str, bytes]]:
    with psycopg.connect(office.server.url) as connection:
        return [
            (target, bytes(body))
            for target, body in connection.execute("select target, body from slo.delivery where body is not null")
        ]


async def _send_bare(box: MailBox, mails: Sequence[tuple[str, bytes]]) -> float:
    """Seconds for all of them."""
    waiting, started_s = iter(mails), time.perf_counter()

    async def connection() -> None:
        client = SMTP(hostname="127.0.0.1", port=box.port, start_tls=False)
        await client.connect()
        for target, body in waiting:
            await client.sendmail(_SENDER, [target], body)
        client.close()

    await asyncio.gather(*(connection() for _ in range(AT_ONCE)))
    return time.perf_counter() - started_s


def breaches(settings: Settings, apps: Sequence[str], at_ms: int, severity: str) -> list[Outgoing]:
    """A breach of each app."""
    alerts = [breach(app.rpartition(".")[2], at_ms=at_ms, severity=severity) for app in apps]
    return [records_of(alert, settings.topics, settings.application_id)[0] for alert in alerts]


async def publish(producer: AIOKafkaProducer, settings: Settings, records: Sequence[Outgoing]) -> None:
    """Put alerts where the worker puts them."""
    for record in records:
        partition = partition_of(record.key or b"", PARTITIONS, PartitionerName.MURMUR2)
        await producer.send(settings.topics.alerts, record.value, record.key, partition, headers=record.headers)
    await producer.flush()


async def fill_catalogue(producer: AIOKafkaProducer, settings: Settings, apps: Sequence[str]) -> None:
    """Put apps of some partners into the catalogue, each with the address of its partner."""
    for number, app_key in enumerate(apps):
        app = {
            "appKey": app_key,
            "name": app_key.rpartition(".")[2].title(),
            "partnerName": f"Partner {number % _PARTNERS}",
            "email": f"sre@partner-{number % _PARTNERS}.example",
            "healthcheckUrls": [],
            "excludedClientKeys": [],
        }
        await producer.send(settings.topics.apps, orjson.dumps(app), app_key.encode())
    await producer.flush()


async def _fail_one_by_one(producer: AIOKafkaProducer, settings: Settings, apps: Sequence[str]) -> None:
    """One failed delivery each, spread evenly; silence is a recovery soon after."""
    started_s = time.monotonic()
    for number, app in enumerate(apps):
        await asyncio.sleep(max(0.0, started_s + number * _LIVE_S / len(apps) - time.monotonic()))
        now_ms = time.time_ns() // 1_000_000
        event = {
            "appKey": app,
            "time": now_ms,
            "statusCode": 500,
            "durationInMillis": 20,
            "product": "Jira",
            "clientKey": "c-1",
            "event": "jira:issue_updated",
        }
        await producer.send(settings.topics.input(WEBHOOK), orjson.dumps(event), app.encode())
    await producer.flush()


async def until(is_so: Callable[[], bool], what: str) -> None:
    """Wait for something.

    Raises:
        BrokenError: it does not come.
    """

    async def answer() -> bool:
        return await asyncio.to_thread(is_so)

    try:
        await wait_for(answer, _TIMEOUT_S, what)
    except TimeoutError as problem:
        raise BrokenError(str(problem)) from None


@asynccontextmanager
async def office(stage: Stage, name: str) -> AsyncIterator[Office]:
    """Topics and an empty database of this name."""
    settings = stage.settings(name)
    await prepare_topics(settings)
    with TemporaryDirectory(prefix="pg-") as folder, EmbeddedPostgres(Path(folder)) as server:
        migrate(server.url, shipped_migrations())
        environment = {f"SLO_{field.upper()}": str(getattr(settings, field)) for field in ENVIRONMENT}
        yield Office(settings, server, environment | {"SLO_DATABASE_URL": server.url})


@asynccontextmanager
async def mail_box(stage: Stage, name: str) -> AsyncIterator[MailBox]:
    """A mail server in a process of its own."""
    path = stage.folder / f"{name}.mails"
    command = [sys.executable, "-m", "tests.bench.mail_box", str(path)]
    child = await asyncio.create_subprocess_exec(*leashed(command), stdin=DEVNULL, stdout=PIPE)
    try:
        assert child.stdout is not None
        yield MailBox(int(await child.stdout.readline()), path)
    finally:
        child.kill()
        await child.wait()


@asynccontextmanager
async def producing(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    """A producer that waits until what it sent is stored."""
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers, enable_idempotence=True)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


def mail_settings(box: MailBox) -> dict[str, str]:
    """What a notifier has to know of it."""
    return {"SLO_SMTP_URL": f"smtp://127.0.0.1:{box.port}", "SLO_MAIL_FROM": _SENDER, "SLO_NOTIFIER_PORT": "0"}
