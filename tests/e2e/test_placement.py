"""Records under a wrong key or in a wrong partition count once, where they belong; aborted ones count nowhere."""

import asyncio
import signal
import time

import orjson
from aiokafka import AIOKafkaProducer, TopicPartition

from streams.kafka.topic_setup import prepare_topics
from streams.names import WEBHOOK
from tests.e2e.flow import SHORT_SESSION_S, Flow
from tests.model import Record, murmur2_partition
from tests.model.build import ORDINARY
from tests.model.copies import rerouted_from
from tests.model.generate import HOUR_MS, START_MS

HEADERS = (("ce_id", b"42"), ("ce_source", b"probe"))


def delivery(app: str, number: int, *, status: int = 204) -> Record:
    """A well-placed delivery, one a second."""
    time_ms = START_MS + number * 1_000
    body = {"appKey": app, "time": time_ms, **ORDINARY[WEBHOOK.id], "statusCode": status}
    home = murmur2_partition(app.encode(), 4)
    return Record("slo.webhook.v1", home, app.encode(), orjson.dumps(body), time_ms, HEADERS)


def misplaced(app: str, number: int) -> Record:
    """A bad delivery under a wrong key, without one, or in a wrong partition."""
    record = delivery(app, number, status=500)
    wrong = (
        {"key": b"someone.else"},
        {"key": None},
        {"partition": (record.partition + 1) % 4},
        {"key": b"someone.else", "partition": (record.partition + 2) % 4},
    )
    return record._replace(**wrong[number % len(wrong)])


def log_with_misplaced() -> list[Record]:
    apps = ("com.example.chart", "com.example.poll", "com.example.tâche")
    return [
        record for number in range(40) for app in apps for record in (delivery(app, number), misplaced(app, number))
    ]


def test_misplaced_records_are_put_right_once(flow: Flow) -> None:
    async def scenario() -> None:
        await flow.create_topics()
        lost = misplaced("com.example.poll", 1)
        lost_twice = lost._replace(headers=(*HEADERS, rerouted_from(lost)))
        await flow.produce(flow.place([*log_with_misplaced(), lost_twice]))
        flow.start_worker()
        await flow.wait_until_read()
        await flow.produce(flow.closing_records(START_MS + HOUR_MS))
        await flow.wait_until_read()
        expected = await flow.check()  # holds every copy against its original, too
        breaches = [alert for alert in expected.all_alerts if alert["type"] == "BREACH"]
        assert {(alert["goodCount"], alert["badCount"]) for alert in breaches} == {(40, 40)}
        assert [reason for *_, reason in await flow.rejected()] == ["misplaced"]

    asyncio.run(scenario())


def test_what_a_crash_left_half_rerouted_is_rerouted_once(flow: Flow) -> None:
    async def scenario() -> None:
        flow.session_s = SHORT_SESSION_S
        await flow.create_topics()
        log = flow.place(log_with_misplaced())
        await flow.produce(log)
        crashing = flow.start_worker(SLO_FAIL="after_alerts")
        assert await crashing.end() == -signal.SIGKILL
        written = sum((await flow.end_offsets(flow.input_partitions)).values())
        assert written > len(log)  # copies lie in the log, in a transaction that nobody will commit
        flow.start_worker()
        await flow.wait_until_read()
        await flow.produce(flow.closing_records(START_MS + HOUR_MS))
        await flow.wait_until_read()
        assert (await flow.check()).all_alerts

    asyncio.run(scenario())


def test_records_of_an_aborted_transaction_count_nowhere(flow: Flow) -> None:
    async def scenario() -> None:
        await flow.create_topics()
        app = "com.example.chart"
        good = flow.place([delivery(app, number) for number in range(20)])
        bad = flow.place([delivery(app, number, status=500) for number in range(20)])
        await flow.produce(good[:10])
        async with AIOKafkaProducer(
            bootstrap_servers=flow.bootstrap_servers, transactional_id=f"{flow.prefix}producer"
        ) as producer:
            for records, is_kept in ((bad[:10], False), (good[10:], True), (bad[10:], False)):
                await producer.begin_transaction()
                for record in records:
                    await producer.send_and_wait(
                        record.topic, record.value, record.key, record.partition, record.timestamp_ms
                    )
                await (producer.commit_transaction() if is_kept else producer.abort_transaction())
        await flow.produce(flow.closing_records(START_MS + HOUR_MS))
        place = TopicPartition(good[0].topic, good[0].partition)
        in_the_log = (await flow.end_offsets([place]))[place]
        readable = [record for record in await flow.read(place.topic) if record.partition == place.partition]
        assert in_the_log >= len(readable) + len(bad)  # the aborted ones are there, too
        flow.start_worker()
        await flow.wait_until_read()
        assert (await flow.check()).all_alerts == []

    asyncio.run(scenario())


def test_a_copy_is_as_old_as_its_original_also_where_the_broker_dates_it(flow: Flow) -> None:
    async def scenario() -> None:
        await prepare_topics(flow.settings)  # as a worker makes them: LogAppendTime
        now_ms = time.time_ns() // 1_000_000
        body = {"appKey": "com.example.chart", "time": now_ms, **ORDINARY[WEBHOOK.id]}
        wrong = misplaced("com.example.chart", 1)._replace(value=orjson.dumps(body), timestamp_ms=now_ms)
        await flow.produce(flow.place([wrong]))
        flow.start_worker()
        await flow.wait_until_read()
        original, copy = sorted(await flow.read(flow.topics.input(WEBHOOK)), key=lambda record: record.timestamp)
        assert original.timestamp_type == copy.timestamp_type == 1
        assert dict(copy.headers)["rerouted-timestamp"] == str(original.timestamp).encode()

    asyncio.run(scenario())


def test_a_record_without_a_timestamp_is_put_right_without_one(flow: Flow) -> None:
    async def scenario() -> None:
        await flow.create_topics()
        await flow.produce(flow.place([misplaced("com.example.chart", 1)._replace(timestamp_ms=-1)]))
        flow.start_worker()
        await flow.wait_until_read()
        records = await flow.read(flow.topics.input(WEBHOOK))
        assert [(record.timestamp, record.timestamp_type) for record in records] == [(-1, 0), (-1, 0)]

    asyncio.run(scenario())
