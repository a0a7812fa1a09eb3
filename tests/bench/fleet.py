"""Case: history with a month of a fleet in its database: room, restart, delay of events, pages, an exclusion for all.

`--series` series of deliveries, 31 days each, three in ten with failures. Beside their room stands the least that any
code of their latencies takes. An event is visible once whoever sums up the day of its series finds one more.
"""

import asyncio
import random
import time
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Sequence
from functools import partial
from http.client import HTTPConnection
from math import lgamma, log, log2
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
import psycopg
from aiohttp import ClientError, ClientSession
from aiokafka import AIOKafkaProducer

from streams.broker.probe import free_port
from streams.database.connection import conninfo
from streams.database.embedded import EmbeddedPostgres
from streams.database.migrate import migrate
from streams.database.patient import Connection, PatientDatabase
from streams.database.roles import Role
from streams.database.schema import shipped_migrations
from streams.evaluation.exclusions import ExclusionRule, Exclusions
from streams.history.codec import DAY_MINUTES, MINUTE_MS, add_to_day
from streams.history.fleet_budgets import fleet_budgets, page_after, put
from streams.history.latency import DAY_CHUNKS, Slots, add_to_chunk, bucket_of, place_in, slot_and_bucket
from streams.history.reading import read_latencies, read_minutes
from streams.history.screening import Place
from streams.history.sum_reading import StoredSeries
from streams.kafka.topic_setup import prepare_topics
from streams.names import WEBHOOK
from streams.objectives import read_objectives
from streams.run.service_process import service_process
from tests.bench.case import PARTITIONS, BrokenError, Reading, Stage
from tests.bench.usage import tree_usage
from tests.dashboard.browser import served

PART: Final = "fleet"
MONTH: Final = "month of an app, three series with latencies, CPU ms"
DAYS: Final = 31
EVENTS_A_SECOND: Final = 300
SECONDS: Final = 60
EXCLUDED: Final = "the same with an hour excluded for all, CPU s"
FLEET_PAGE: Final = "fleet page, server, ms"
_BEFORE_MIDNIGHT: Final = 700
"""Minutes: at midnight a day is whole, which it is at no other time."""
_KINDS: Final = 10
_FAILING_KINDS: Final = 3
_TIMEOUT_S: Final = 300.0

_SERIES: Final = """
insert into series (app_key, metric, scope, source, first_minute, placed)
select 'com.example.app-' || n, %s, 'Jira', 'PROD', %s, n from generate_series(1, %s) n
"""
_DAYS: Final = "from series, generate_series(%s::int, %s::int) d where id %% {kinds} = %s"
_COUNTS: Final = f"insert into day_counts select id, d, %s {_DAYS.format(kinds=_KINDS)}"
_LATENCIES: Final = f"insert into latency select id, d * {DAY_CHUNKS}, %s {_DAYS.format(kinds=_KINDS)}"
_SUMS: Final = f"insert into day_sum select d, id, %s, %s {_DAYS.format(kinds=_KINDS)}"
_SIZE: Final = "select sum(pg_total_relation_size(t)) from unnest(%s::regclass[]) t"
_TABLES: Final = ["slo.day_counts", "slo.latency", "slo.day_sum"]
_VISIBLE: Final = """
select series, sum(good + bad)::int from slo.all_sums where series = any(%s) and day between %s and %s group by series
"""


class Fleet:
    """The same database in every round."""

    async def prepare(self, stage: Stage) -> None:
        """Nothing is needed before."""

    async def measure(self, stage: Stage, round_number: int) -> AsyncIterator[Reading]:
        """Restart and delay with the service, then what a page and an exclusion take."""
        with TemporaryDirectory(prefix="pg-") as folder, EmbeddedPostgres(Path(folder)) as server:
            migrate(server.url, shipped_migrations())
            today = int(time.time()) * 1_000 // (DAY_MINUTES * MINUTE_MS)
            size, least = _fill(server.url, stage.series, today)
            yield {
                (PART, "bytes of a series-month"): size / stage.series,
                (PART, "bytes of its latencies at least, by their entropy"): least,
                (PART, "size of all, MB"): size / 1e6,
            }
            yield await _live(stage, server.url, f"fleet-{round_number}", today)
            yield _month(server, today)
            yield await _exclusion(server, stage.series, today)
            with served(server.url, stage.folder) as base:
                yield {(PART, FLEET_PAGE): _page_ms(base, "/")}


def _fill(url: str, series: int, today: int) -> tuple[float, float]:
    """A month of series, numbered as their apps are; bytes of all tables, and the least for latencies of one."""
    chance, latencies = random.Random(7), []
    with psycopg.connect(url) as connection:
        connection.execute("set search_path = slo")
        connection.execute(_SERIES.encode(), [WEBHOOK.id, (today - DAYS) * DAY_MINUTES, series])
        for kind in range(_KINDS):
            share = 0.01 if kind < _FAILING_KINDS else 0.0
            minutes = {minute: (1, int(chance.random() < share)) for minute in range(DAY_MINUTES)}
            slots: dict[int, int] = {}
            for minute in minutes:
                place = place_in(minute // 5, bucket_of(round(chance.lognormvariate(5, 0.5))))
                slots[place] = slots.get(place, 0) + 1
            latencies.append(slots)
            where = [today - DAYS, today - 1, kind]
            connection.execute(_COUNTS.encode(), [add_to_day(None, minutes), *where])
            connection.execute(_LATENCIES.encode(), [add_to_chunk(None, slots), *where])
            connection.execute(_SUMS.encode(), [DAY_MINUTES, sum(bad for _, bad in minutes.values()), *where])
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("vacuum analyze")
        row = connection.execute(_SIZE.encode(), [_TABLES]).fetchone()
    assert row is not None
    return float(row[0]), DAYS * _least_bytes(latencies)


def _least_bytes(days: Sequence[Slots]) -> float:
    """The entropy of a day's histograms: bits of their events by how frequent each bucket is, in no order in a slot."""
    buckets, histograms = Counter[int](), defaultdict[tuple[int, int], Counter[int]](Counter)
    for day, slots in enumerate(days):
        for place, events in slots.items():
            slot, bucket = slot_and_bucket(place)
            buckets[bucket] += events
            histograms[day, slot][bucket] += events
    bits = sum(events * log2(buckets.total() / events) for events in buckets.values())
    for histogram in histograms.values():
        orders = lgamma(histogram.total() + 1) - sum(lgamma(events + 1) for events in histogram.values())
        bits -= orders / log(2)
    return bits / 8 / len(days)


async def _live(stage: Stage, url: str, name: str, today: int) -> Reading:
    """How soon the service reads on, and how soon what comes then is visible."""
    settings = stage.settings(name)
    await prepare_topics(settings)
    port = free_port()
    environment = {
        "SLO_BOOTSTRAP_SERVERS": settings.bootstrap_servers,
        "SLO_APPLICATION_ID": name,
        "SLO_TOPIC_PREFIX": settings.topic_prefix,
        "SLO_PARTITIONS": str(PARTITIONS),
        "SLO_REPLICATION_FACTOR": "1",
        "SLO_CLOCK": "live",
        "SLO_DATABASE_URL": url,
        "SLO_HISTORY_PORT": str(port),
    }
    started_s = time.monotonic()
    async with service_process("history", environment, stage.folder / f"{name}.log") as service:
        await _until_ready(port)
        restart_s = time.monotonic() - started_s
        before_s = tree_usage(service.pid).cpu_s
        topic = settings.topics.input(WEBHOOK)
        delays_s = await _delays_s(settings.bootstrap_servers, topic, url, stage.series, today)
        used = tree_usage(service.pid)
    return {
        (PART, "restart, s"): restart_s,
        (PART, "delay of a visible event, s, p50"): median(delays_s),
        (PART, "delay of a visible event, s, p99"): quantiles(delays_s, n=100)[-1],
        (PART, "CPU of the service beside it, share of a core"): (used.cpu_s - before_s) / SECONDS,
        (PART, "peak memory of the service, MB"): used.peak_mb,
    }


async def _until_ready(port: int) -> None:
    async with asyncio.timeout(_TIMEOUT_S), ClientSession() as client:
        while True:
            try:
                async with client.get(f"http://127.0.0.1:{port}/ready") as answer:
                    if answer.status == 200:
                        return
            except ClientError:
                pass
            await asyncio.sleep(0.05)


async def _delays_s(servers: str, topic: str, url: str, series: int, today: int) -> list[float]:
    """From the acknowledgement of each event to the moment at which a sum of its series has it."""
    chance, waiting, seen, delays_s = random.Random(9), dict[int, deque[float]](), Counter[int](), list[float]()
    acknowledged: list[asyncio.Future[Any]] = []

    async def send(producer: AIOKafkaProducer) -> None:
        next_s = time.monotonic()
        for _ in range(EVENTS_A_SECOND * SECONDS):
            number = chance.randrange(1, series + 1)
            app = f"com.example.app-{number}"
            event = {"appKey": app, "time": int(time.time() * 1_000), "product": "Jira", "clientKey": "client-1",
                     "event": "jira:issue_updated", "statusCode": 200, "durationInMillis": 120}  # fmt: skip
            future = await producer.send(topic, orjson.dumps(event), key=app.encode())
            future.add_done_callback(partial(_note, number))
            acknowledged.append(future)
            next_s += 1 / EVENTS_A_SECOND
            await asyncio.sleep(max(0.0, next_s - time.monotonic()))
        await asyncio.gather(*acknowledged)

    def _note(number: int, future: "asyncio.Future[Any]") -> None:
        if not future.cancelled() and future.exception() is None:
            waiting.setdefault(number, deque()).append(time.monotonic())

    async with AIOKafkaProducer(bootstrap_servers=servers, linger_ms=5) as producer:
        sending = asyncio.create_task(send(producer))
        async with (
            asyncio.timeout(SECONDS + _TIMEOUT_S),
            await psycopg.AsyncConnection.connect(url, autocommit=True) as connection,
        ):
            while waiting or not sending.done():
                rows = await connection.execute(_VISIBLE, [list(waiting), today, today + 1])
                counted: dict[int, int] = dict(await rows.fetchall())
                now_s = time.monotonic()
                for number, count in counted.items():
                    while number in waiting and seen[number] < count:
                        seen[number] += 1
                        delays_s.append(now_s - waiting[number].popleft())
                        if not waiting[number]:
                            del waiting[number]
                await asyncio.sleep(0.05)
        await sending
    if len(delays_s) != EVENTS_A_SECOND * SECONDS:
        raise BrokenError(f"{len(delays_s):,} of {EVENTS_A_SECOND * SECONDS:,} events were found")
    return delays_s


def _month(server: EmbeddedPostgres, today: int) -> Reading:
    """CPU of reader and server for three series of a month, in ms."""
    apps = range(1, 61, 3)
    with psycopg.connect(conninfo(server.url, Role.WRITER, "bench")) as connection:
        before_s = time.process_time() + _server_cpu_s(server)
        for first in apps:
            span = (today - 28) * DAY_MINUTES, today * DAY_MINUTES
            read_minutes(connection, [first, first + 1, first + 2], *span)
            read_latencies(connection, [first, first + 1, first + 2], *span)
        took_s = time.process_time() + _server_cpu_s(server) - before_s
    return {(PART, MONTH): took_s / len(apps) * 1_000}


def _server_cpu_s(server: EmbeddedPostgres) -> float:
    assert server.pid is not None
    return tree_usage(server.pid).cpu_s


async def _exclusion(server: EmbeddedPostgres, series: int, today: int) -> Reading:
    """CPU of service and server for a sweep over all budgets, before and after an hour was excluded for everybody."""
    database = PatientDatabase(conninfo(server.url, Role.WRITER, "bench"), patience_s=60, attempt_s=600)
    levels = [level for level in read_objectives().service_levels if level.metric == WEBHOOK.id]
    exclusions, end = Exclusions(), today * DAY_MINUTES - _BEFORE_MIDNIGHT
    place = Place(WEBHOOK.id, 0, 1)

    async def sweep() -> float:
        before_s, found = time.process_time() + _server_cpu_s(server), 0
        after: int | None = 0
        while after is not None:
            page, after = await database.run(partial(page_after, place, after))
            found += await database.run(partial(_put, page))
        if found != series:
            raise BrokenError(f"{found:,} budgets of {series:,} series")
        return (time.process_time() + _server_cpu_s(server) - before_s) / series * 300_000

    async def _put(page: StoredSeries, connection: Connection) -> int:
        budgets = await fleet_budgets(connection, page, levels, exclusions, end)
        await put(connection, budgets)
        return len(budgets)

    reading: Reading = {(PART, "budgets of 300,000 series, told and written, CPU s"): await sweep()}
    start_ms = (end - 4 * 60) * MINUTE_MS  # of the last day, by which it is told when a budget will be used up
    exclusions.add("fault", ExclusionRule(None, None, False, start_ms, start_ms + 3_600_000), start_ms)
    reading[PART, EXCLUDED] = await sweep()
    await database.close()
    return reading


def _page_ms(base: str, path: str) -> float:
    """The median of some dozen."""
    connection, took_ms = HTTPConnection(urlsplit(base).netloc), []
    for _ in range(25):
        before_s = time.perf_counter()
        connection.request("GET", path, headers={"Cookie": "viewer=platform", "Accept-Encoding": "gzip"})
        connection.getresponse().read()
        took_ms.append((time.perf_counter() - before_s) * 1_000)
    connection.close()
    return median(took_ms)
