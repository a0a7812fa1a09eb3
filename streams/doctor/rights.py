"""May this user read, and write in transactions, what a worker does? Tried for real, in transactions that abort."""

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import InvalidTransactionTimeout, KafkaError, TransactionalIdAuthorizationFailed

from streams.doctor.finding import Finding, ok, problem
from streams.doctor.group import COORDINATOR_IS_NOT_READY, not_ready
from streams.kafka.connection import client_options
from streams.kafka.specs import topics_needed
from streams.plural import number_of
from streams.settings import Settings

_READ_MS: Final = 500  # a refusal comes with the first answer; an empty topic has nothing to wait for
_TIMEOUT_S: Final = 5.0
_BEFORE_MS: Final = 10_000  # so that the record bears an older time than the marker that aborts it

_SKIPPED: Final = "skipped: none of these topics is there"

Refused = (KafkaError, TimeoutError)


def topics_written(settings: Settings) -> list[str]:
    """What a worker writes: alerts, rejected records, heartbeats, and the changelogs. (Input topics for reroutes.)"""
    changelogs = [spec.name for spec in topics_needed(settings) if spec.like is not None]
    return [*_only_written(settings), *changelogs]


def _only_written(settings: Settings) -> list[str]:
    topics = settings.topics
    return [topics.alerts, topics.alert_state, topics.rejected, topics.heartbeat]


async def check_reading(settings: Settings, existing: Iterable[str]) -> list[Finding]:
    """Whether the inputs and the changelogs can be read."""
    written = _only_written(settings)
    wanted = [spec.name for spec in topics_needed(settings) if spec.name in existing and spec.name not in written]
    refusals = await asyncio.gather(*(_refusal_to_read(settings, topic) for topic in wanted))
    advice = "Allow Read and Describe on it."
    faults = [
        problem(topic, f"cannot be read: {why}", advice) for topic, why in zip(wanted, refusals, strict=True) if why
    ]
    return faults or [ok("reading", f"{number_of(len(wanted), 'topic')} can be read" if wanted else _SKIPPED)]


async def _refusal_to_read(settings: Settings, topic: str) -> str | None:
    consumer = AIOKafkaConsumer(**client_options(settings), enable_auto_commit=False, group_id=None)
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            await consumer.start()
            tp = TopicPartition(topic, 0)
            consumer.assign([tp])
            await consumer.seek_to_beginning(tp)
            await consumer.getmany(tp, timeout_ms=_READ_MS, max_records=1)
    except Refused as error:
        return said(error)
    finally:
        await consumer.stop()
    return None


async def check_writing(settings: Settings, existing: Iterable[str]) -> list[Finding]:
    """Whether a worker's transactions are allowed: at all, on each topic written, on the offsets of the group."""
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            await _abort(await _begin(settings))
    except Refused as error:
        return [problem("transactions", f"refused: {said(error)}", _transaction_advice(settings, error))]
    faults = []
    wanted = [topic for topic in topics_written(settings) if topic in existing]
    for topic in wanted:
        try:
            await aborted_write(settings, topic)
        except Refused as error:
            advice = "Allow Write and Describe on it, and look at what is said of its settings."
            faults.append(problem(topic, f"cannot be written: {said(error)}", advice))
    inputs = [topic for topic in settings.topics.inputs if topic in existing]
    if inputs:
        group = settings.application_id
        try:
            await _aborted_offset(settings, TopicPartition(inputs[0], 0))
        except COORDINATOR_IS_NOT_READY:
            faults.append(not_ready(f"group {group}"))
        except Refused as error:
            why = f"no offsets can be committed: {said(error)}"
            faults.append(problem(f"group {group}", why, f"Allow Read on group {group}."))
    offsets = " and the group's offsets" if inputs else ""
    topics = number_of(len(wanted), "topic")
    return faults or [ok("writing", f"transactions work on {topics}{offsets}" if wanted else _SKIPPED)]


def _transaction_advice(settings: Settings, error: Exception) -> str:
    match error:
        case InvalidTransactionTimeout():
            return "Set SLO_SESSION_TIMEOUT to at most the brokers' transaction.max.timeout.ms."
        case TransactionalIdAuthorizationFailed():
            return f"Allow Write and Describe on transactional ids that begin with {settings.application_id}."
    return "The brokers' topic __transaction_state needs its replicas: look at the brokers' logs."


async def aborted_write(settings: Settings, topic: str) -> Any:
    """Write one record in a transaction and abort that: the metadata of a record that nobody will ever read.

    Raises:
        KafkaError: refused.
        TimeoutError: no answer.
    """
    async with asyncio.timeout(_TIMEOUT_S):
        producer = await _begin(settings)
        try:
            written_ms = time.time_ns() // 1_000_000 - _BEFORE_MS
            return await producer.send_and_wait(topic, b"", b"doctor", timestamp_ms=written_ms)
        finally:
            await _abort(producer)


async def _aborted_offset(settings: Settings, tp: TopicPartition) -> None:
    async with asyncio.timeout(_TIMEOUT_S):
        producer = await _begin(settings)
        try:
            await producer.send_offsets_to_transaction({tp: 0}, settings.application_id)
        finally:
            await _abort(producer)


async def _begin(settings: Settings) -> AIOKafkaProducer:
    producer = AIOKafkaProducer(
        **client_options(settings),
        transactional_id=f"{settings.application_id}-doctor",
        transaction_timeout_ms=settings.session_timeout,
    )
    try:
        await producer.start()
        await producer.begin_transaction()
    except BaseException:
        await producer.stop()
        raise
    return producer


async def _abort(producer: AIOKafkaProducer) -> None:
    """Abort the trial, also after a refusal; what cannot be aborted now, the transaction timeout aborts."""
    try:
        with suppress(KafkaError):
            await producer.abort_transaction()
    finally:
        await producer.stop()


def said(error: Exception) -> str:
    """An error in words."""
    return (
        f"no answer within {_TIMEOUT_S:.0f} s"
        if isinstance(error, TimeoutError)
        else f"{type(error).__name__}: {error}"
    )
