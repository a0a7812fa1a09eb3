"""How far history has stored the topics, against what Kafka still holds of them."""

import asyncio

import psycopg
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.database.connection import conninfo
from streams.database.roles import Role
from streams.doctor.finding import Finding, ok, problem, warning
from streams.history.reading import read_application, read_counted, read_last_records
from streams.kafka.cluster import MissingTopicError, partitions_of
from streams.kafka.connection import client_options
from streams.names import name_of
from streams.plural import number_of
from streams.settings import Settings
from streams.sink.last_record import LastRecord, SourceReplacedError, check_last_record

_SUBJECT = "history"


async def check_stored_offsets(settings: Settings, url: str) -> list[Finding]:
    """Findings, none where there is no history; of a database that cannot be read others tell.

    Raises:
        KafkaError: the brokers do not answer.
    """
    try:
        application, counted, last = await asyncio.to_thread(_stored, url)
    except psycopg.Error:
        return []
    if application is not None and application != settings.application_id:
        said = f"the database belongs to {application}, not to {settings.application_id}"
        return [problem(_SUBJECT, said, "Set SLO_APPLICATION_ID right, or name another database.")]
    if not counted:
        return [ok(_SUBJECT, "nothing is stored yet")]
    stored = {TopicPartition(*place): offset for place, offset in counted.items()}
    try:
        existing = await partitions_of(settings, {tp.topic for tp in stored})
    except MissingTopicError as missing:
        return [problem(_SUBJECT, f"{missing} What was stored of it stays.", "Create it, and start history anew.")]
    async with AIOKafkaConsumer(**client_options(settings), enable_auto_commit=False) as consumer:
        oldest = await consumer.beginning_offsets(existing)
        ends = await consumer.end_offsets(existing)
    findings = []
    for tp in stored.keys() & set(existing):
        upto = f"is stored up to {stored[tp]:,}, and Kafka"
        if stored[tp] < oldest[tp]:
            said = f"{upto} begins at {oldest[tp]:,}: what lay between is in no count"
            findings.append(warning(name_of(*tp), said, "Run history; keep the topic for longer (retention.ms)."))
        elif stored[tp] > ends[tp]:
            said = f"{upto} ends at {ends[tp]:,}: the topic was created anew, or lost records"
            findings.append(problem(name_of(*tp), said, "Restore it, or begin with an empty database."))
        elif tp in last and last[tp].offset >= oldest[tp]:
            try:
                await check_last_record(settings, tp, last[tp])
            except SourceReplacedError as replaced:
                findings.append(problem(name_of(*tp), replaced.said, replaced.advice))
    if findings:
        return sorted(findings, key=lambda finding: finding.subject)
    behind = sum(ends[tp] - offset for tp, offset in stored.items() if tp in ends)
    return [ok(_SUBJECT, f"{number_of(len(stored), 'partition')} stored, {number_of(behind, 'record')} to read")]


def _stored(url: str) -> tuple[str | None, dict[tuple[str, int], int], dict[tuple[str, int], LastRecord]]:
    with psycopg.connect(conninfo(url, Role.WRITER, "slo-streams doctor")) as connection:
        return read_application(connection), read_counted(connection), read_last_records(connection)
