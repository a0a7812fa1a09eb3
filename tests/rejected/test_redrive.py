"""Redriving: each record once, whoever else tries; and nothing but what can be sent."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas.rejected import RejectedHeaders, RejectReason
from streams.intake.marks import CopyMark
from streams.kafka.placement import partition_of
from streams.kafka.topic_setup import prepare_topics
from streams.rejected.log import rejected_log
from streams.rejected.newest import newest
from streams.rejected.redrive import OtherRedriveError, Redriven, app_key_of, plan, redrive
from streams.settings import Settings
from tests.e2e.conftest import flow
from tests.e2e.flow import Flow
from tests.waiting import wait_for

__all__ = ["flow"]

DAY_MS = 86_400_000


def settings_of(flow: Flow) -> Settings:
    return Settings(
        bootstrap_servers=flow.bootstrap_servers,
        application_id=flow.application_id,
        topic_prefix=flow.prefix,
        partitions=flow.partitions,
        replication_factor=1,
    )


async def reject(
    flow: Flow, reason: RejectReason, *values: bytes | None, key: bytes | None = b"k", **options: int
) -> None:
    """Write rejected records as a worker does; `options` are a timestamp or a partition."""
    headers = RejectedHeaders(
        reason=reason,
        detail="d",
        application=flow.application_id,
        topic=f"{flow.prefix}iframe.v1",
        partition=1,
        offset=7,
    )
    await reject_raw(flow, headers.to_kafka(), *values, key=key, **options)


async def reject_raw(
    flow: Flow,
    headers: Sequence[tuple[str, bytes | None]],
    *values: bytes | None,
    key: bytes | None = b"k",
    partition: int = 0,
    timestamp_ms: int | None = None,
) -> None:
    async with AIOKafkaProducer(bootstrap_servers=flow.bootstrap_servers, max_batch_size=512 * 1024) as producer:
        batch = producer.create_batch()
        for value in values:
            assert batch.append(key=key, value=value, timestamp=timestamp_ms, headers=[*headers]) is not None
        await (await producer.send_batch(batch, f"{flow.prefix}rejected.v1", partition=partition))


async def arrived(flow: Flow) -> list[tuple[int, bytes | None]]:
    return [(record.partition, record.value) for record in await flow.read(f"{flow.prefix}iframe.v1")]


def test_redrives_at_the_same_time_send_each_record_once(flow: Flow) -> None:
    async def scenario() -> None:
        settings = settings_of(flow)
        await prepare_topics(settings)
        values = [b"%d" % number for number in range(1_200)]
        await reject(flow, RejectReason.SCHEMA, *values)
        await reject(flow, RejectReason.TOO_LATE, *values, partition=2)
        done = await asyncio.gather(
            *(redrive(settings, list(RejectReason), 0) for _ in range(4)), return_exceptions=True
        )
        assert all(isinstance(one, Redriven | OtherRedriveError) for one in done), done
        await redrive(settings, list(RejectReason), 0)
        assert sorted(value or b"" for _, value in await arrived(flow)) == sorted(2 * values)
        assert (await redrive(settings, list(RejectReason), 0)).sent.total() == 0

    asyncio.run(scenario())


def test_reasons_go_on_each_from_its_own_place(flow: Flow) -> None:
    async def scenario() -> None:
        settings = settings_of(flow)
        await prepare_topics(settings)
        now_ms = time.time_ns() // 1_000_000
        await reject(flow, RejectReason.SCHEMA, b"old", timestamp_ms=now_ms - 2 * DAY_MS)
        await reject(flow, RejectReason.SCHEMA, b"schema")
        await reject(flow, RejectReason.TOO_LATE, b"late")
        done = await redrive(settings, [RejectReason.TOO_LATE], now_ms - DAY_MS)
        assert (dict(done.sent), dict(done.older)) == ({RejectReason.TOO_LATE: 1}, {})
        await reject(flow, RejectReason.TOO_LATE, b"later")
        done = await redrive(settings, list(RejectReason), now_ms - DAY_MS)
        assert dict(done.sent) == {RejectReason.SCHEMA: 1, RejectReason.TOO_LATE: 1}
        assert dict(done.older) == {RejectReason.SCHEMA: 1}
        assert sorted(value or b"" for _, value in await arrived(flow)) == [b"late", b"later", b"schema"]

    asyncio.run(scenario())


def test_an_operator_can_set_the_position(flow: Flow) -> None:
    """As `kafka-consumer-groups --reset-offsets` does: an offset without metadata."""

    async def scenario() -> None:
        settings = settings_of(flow)
        await prepare_topics(settings)
        await reject(flow, RejectReason.SCHEMA, b"first", b"second")
        await redrive(settings, list(RejectReason), 0)
        async with AIOKafkaConsumer(
            bootstrap_servers=flow.bootstrap_servers, group_id=f"{flow.application_id}-redrive"
        ) as consumer:
            tp = TopicPartition(settings.topics.rejected, 0)
            consumer.assign([tp])
            await consumer.commit({tp: 1})

        async def is_told() -> bool:
            return (await plan(settings, list(RejectReason), 0)).sent == {RejectReason.SCHEMA: 1}

        await wait_for(is_told, 60, "the brokers to tell the position that was set")
        assert (await redrive(settings, list(RejectReason), 0)).sent == {RejectReason.SCHEMA: 1}
        assert sorted(value or b"" for _, value in await arrived(flow)) == [b"first", b"second", b"second"]

    asyncio.run(scenario())


def test_what_cannot_be_sent_is_counted_and_left(flow: Flow) -> None:
    async def scenario() -> None:
        settings = settings_of(flow)
        await prepare_topics(settings)
        await reject_raw(flow, [("reason", b"schema")], b"no rejected record")
        alerts = RejectedHeaders(
            reason=RejectReason.SCHEMA,
            detail="d",
            application=flow.application_id,
            topic=settings.topics.alerts,
            partition=0,
            offset=0,
        )
        await reject_raw(flow, alerts.to_kafka(), b"{}")
        await reject(flow, RejectReason.NOT_JSON, None, key=None)
        cut = RejectedHeaders(
            **alerts.model_dump(exclude_none=True) | {"truncated": 10**6, "topic": f"{flow.prefix}iframe.v1"}
        )
        await reject_raw(flow, cut.to_kafka(), b"beginning")
        cut_key = RejectedHeaders(**cut.model_dump(exclude_none=True, exclude={"truncated"}) | {"key_truncated": 10**6})
        await reject_raw(flow, cut_key.to_kafka(), b"{}", key=b"beginning")
        for work in (plan, redrive):
            done = await work(settings, list(RejectReason), 0)
            assert (done.sent.total(), done.unusable, dict(done.truncated)) == (0, 3, {RejectReason.SCHEMA: 2})
        assert await arrived(flow) == []
        assert await flow.read(settings.topics.alerts) == []

    asyncio.run(scenario())


def test_each_application_redrives_its_own_once(flow: Flow) -> None:
    async def scenario() -> None:
        ours = settings_of(flow)
        canary = ours.model_copy(update={"application_id": "canary"})
        await prepare_topics(ours)
        for settings in (ours, canary):
            headers = RejectedHeaders(
                reason=RejectReason.SCHEMA,
                detail="d",
                application=settings.application_id,
                topic=f"{flow.prefix}iframe.v1",
                partition=1,
                offset=7,
            )
            await reject_raw(flow, headers.to_kafka(), *(b"%d" % number for number in range(50)))
        later = ours.model_copy(update={"application_id": "later"})
        for settings, sent, others in [
            *((one, 50, 50) for one in (ours, canary)),
            (canary, 0, 50),
            (ours, 0, 50),
            (later, 0, 100),
        ]:
            done = await redrive(settings, list(RejectReason), 0)
            assert (settings.application_id, done.sent.total(), done.others) == (settings.application_id, sent, others)
        marks = Counter(dict(record.headers)["redriven-from"] for record in await flow.read(f"{flow.prefix}iframe.v1"))
        assert marks == {
            f"{settings.application_id}/schema/{flow.prefix}iframe.v1/1@7".encode(): 50 for settings in (ours, canary)
        }

    asyncio.run(scenario())


def test_what_was_too_large_is_never_sent(flow: Flow) -> None:
    async def scenario() -> None:
        settings = settings_of(flow)
        await prepare_topics(settings)
        await reject(flow, RejectReason.TOO_LARGE, b"{}")
        done = await redrive(settings, [RejectReason.TOO_LARGE], 0)
        assert (done.sent.total(), dict(done.truncated)) == (0, {RejectReason.TOO_LARGE: 1})
        assert await arrived(flow) == []

    asyncio.run(scenario())


def test_a_record_goes_where_its_app_is(flow: Flow) -> None:
    async def scenario() -> None:
        settings = settings_of(flow)
        await prepare_topics(settings)

        def home(key: bytes) -> int:
            return partition_of(key, flow.partitions, settings.partitioner)

        named = b'{"appKey":"com.acme"}'
        await reject(flow, RejectReason.SCHEMA, named)
        await reject(flow, RejectReason.SCHEMA, b"no JSON")
        await reject(flow, RejectReason.SCHEMA, b"[]", key=None)
        await redrive(settings, list(RejectReason), 0)
        assert sorted(await arrived(flow)) == sorted([(home(b"com.acme"), named), (home(b"k"), b"no JSON"), (1, b"[]")])

    asyncio.run(scenario())


def test_a_record_has_its_own_headers_again(flow: Flow) -> None:
    async def scenario() -> None:
        settings = settings_of(flow)
        await prepare_topics(settings)
        reason = RejectedHeaders(
            reason=RejectReason.SCHEMA,
            detail="d",
            application=flow.application_id,
            topic=f"{flow.prefix}iframe.v1",
            partition=1,
            offset=7,
        )
        earlier = CopyMark(flow.application_id, f"{flow.prefix}iframe.v1", 2, 3, "too_late")
        own: list[tuple[str, bytes | None]] = [("content-type", b"text/plain"), ("reason", b"\xff"), ("reason", None)]
        kept = [(f"original.{name}", value) for name, value in (*own, earlier.header)]
        await reject_raw(flow, [*reason.to_kafka(), *kept], b"{}")
        await redrive(settings, list(RejectReason), 0)
        (record,) = await flow.read(f"{flow.prefix}iframe.v1")
        assert [*record.headers] == [*own, earlier.header]  # where it was rejected first

    asyncio.run(scenario())


def test_the_newest_are_found_however_far_back(flow: Flow) -> None:
    async def scenario() -> None:
        settings = settings_of(flow)
        await prepare_topics(settings)
        await reject(flow, RejectReason.MISPLACED, b"rare")
        await reject(flow, RejectReason.SCHEMA, *(b"%d" % number for number in range(900)))
        async with rejected_log(settings) as log:
            assert [one.value for one in await newest(log, 3)] == [b"899", b"898", b"897"]
            assert [one.value for one in await newest(log, 3, RejectReason.MISPLACED)] == [b"rare"]
            assert len(await newest(log, 2_000)) == 901

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("value", "app_key"),
    [
        (b'{"appKey":"a","time":"?"}', b"a"),
        (b'{"appKey":""}', None),
        (b'{"appKey":1}', None),
        (b'["appKey"]', None),
        (b"{", None),
        (None, None),
    ],
)
def test_the_app_of_a_value(value: bytes | None, app_key: bytes | None) -> None:
    assert app_key_of(value) == app_key
