"""Alerts of history into Kafka, each once for whoever reads what is committed.

They are numbered in each input partition. The number of the last one is committed in the transaction of the alerts
themselves, as an offset of a consumer group that nobody is in. So after whatever crash it is known which of them are
there, and the database may say less: a backup may have been restored. Each alert has its number as a header, too.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import orjson
from aiokafka import TopicPartition
from aiokafka.structs import OffsetAndMetadata

from streams.history.published import PublishedAlerts
from streams.kafka.bulk import committed_records
from streams.kafka.chunk import Header, SourceRecord
from streams.kafka.cluster import admin_client, partitions_of
from streams.kafka.groups import committed_offsets
from streams.kafka.placement import partition_of
from streams.names import name_of
from streams.outlet.alert import APPLICATION, HISTORY_SOURCE, records_of
from streams.outlet.outgoing import Outgoing
from streams.settings import Settings
from streams.unit.batches import Batches, transactional_producer
from streams.unit.failpoints import Failpoint, Step

NUMBER: Final = "outbox"
"""The header of an alert with its place in the outbox: `<input topic>[<partition>]@<number>`."""

Numbered = tuple[int, bytes]
"""Number and record of an alert."""


class Publisher:
    """Publishes what was judged of one input partition. Only the newest one that was started can."""

    def __init__(
        self, settings: Settings, tp: TopicPartition, failpoint: Failpoint, published: PublishedAlerts
    ) -> None:
        self._settings = settings
        self._published = published
        self._tp = TopicPartition(*tp)  # Faust has a class of its own for the same
        self._failpoint = failpoint
        self._group = f"{settings.application_id}-history-outbox"
        self._time_limit_s = settings.transaction_timeout / 1_000
        self._producer = transactional_producer(
            settings, f"{settings.application_id}-history-{tp.topic}-{tp.partition}"
        )
        self._batches = Batches(self._producer, ())

    async def start(self) -> int:
        """Fence every earlier one, and finish off what it left; the number of the last alert that is in Kafka, or 0.

        A broker drops an offset that was not committed for days. Then the alerts themselves tell the number, as long as
        Kafka keeps them, and it is committed once more.
        """
        await self._producer.start()
        async with admin_client(self._settings) as admin:
            stored = (await committed_offsets(admin, self._group, [self._tp])).get(self._tp)
        if stored is not None:
            return int(stored.offset)
        last = max((number for number, _ in await self.since(0)), default=0)
        async with asyncio.timeout(self._time_limit_s):
            await self._producer.begin_transaction()
            await self._number_is(last)
            await self._producer.commit_transaction()
        return last

    async def stop(self) -> None:
        """Let go of the connection."""
        await self._producer.stop()

    async def publish(self, alerts: Sequence[Numbered]) -> None:
        """Publish alerts, and what the alert state shows then: all, or nothing that anybody sees.

        Raises:
            TimeoutError: not done within the transaction timeout.
            aiokafka.errors.KafkaError: refused, or fenced by a newer one.
        """
        records = [record for number, alert in alerts for record in self._records(number, alert)]
        last, _ = alerts[-1]
        async with asyncio.timeout(self._time_limit_s):
            await self._producer.begin_transaction()
            await self._send(records)
            self._failpoint.passed(Step.AFTER_ALERTS)
            await self._number_is(last)
            self._failpoint.passed(Step.AFTER_OFFSETS)
            await self._producer.commit_transaction()
            self._failpoint.passed(Step.AFTER_COMMIT)
        self._published.add(self._tp.topic, (alert for _, alert in alerts))

    async def show(self, states: Sequence[Outgoing]) -> None:
        """Put the alert state right."""
        async with asyncio.timeout(self._time_limit_s):
            await self._producer.begin_transaction()
            await self._send(states)
            await self._producer.commit_transaction()

    async def since(self, number: int) -> list[Numbered]:
        """What was published here after an alert, in order, as far as Kafka still has it."""
        places = await partitions_of(self._settings, [self._settings.topics.alerts])
        found = {}
        async for record in committed_records(self._settings, places):
            at = self._number(record)
            if at is not None and at > number and record.value is not None:
                found[at] = record.value
        return sorted(found.items())

    async def shown(self) -> AsyncIterator[SourceRecord]:
        """The newest record of each key of this application's alert state."""
        newest: dict[bytes | None, SourceRecord] = {}
        places = await partitions_of(self._settings, [self._settings.topics.alert_state])
        async for record in committed_records(self._settings, places):
            newest[record.key] = record
        for record in newest.values():
            if record.value is not None and _headers(record).get(APPLICATION) == self._settings.application_id.encode():
                yield record

    async def _number_is(self, last: int) -> None:
        """With the transaction that is open, alerts up to this number are in Kafka."""
        await self._producer.send_offsets_to_transaction({self._tp: OffsetAndMetadata(last, "")}, self._group)

    def _records(self, number: int, alert: bytes) -> tuple[Outgoing, Outgoing]:
        settings = self._settings
        published, state = records_of(orjson.loads(alert), settings.topics, settings.application_id, HISTORY_SOURCE)
        at: Header = (NUMBER, f"{self._outbox}{number}".encode())
        return replace(published, headers=[*published.headers, at]), state

    @property
    def _outbox(self) -> str:
        return f"{name_of(*self._tp)}@"

    def _number(self, record: SourceRecord) -> int | None:
        """The number of an alert that was published here; None: by somebody else."""
        headers = _headers(record)
        place = headers.get(NUMBER, b"").decode(errors="replace")
        is_ours = headers.get(APPLICATION) == self._settings.application_id.encode() and place.startswith(self._outbox)
        number = place.removeprefix(self._outbox)
        return int(number) if is_ours and number.isdecimal() else None

    async def _send(self, records: Sequence[Outgoing]) -> None:
        counts = {one.topic: len(await self._producer.partitions_for(one.topic)) for one in records}
        partitioner = self._settings.partitioner
        await self._batches.send(
            ((one.topic, partition_of(one.partition_key or b"", counts[one.topic], partitioner)),
             (one.key, one.value, one.headers, None))
            for one in records
        )  # fmt: skip


def _headers(record: SourceRecord) -> Mapping[str, bytes]:
    return {name: value for name, value in record.headers if value is not None}
