"""The newest rejected records, without reading all that Kafka keeps of them."""

from aiokafka import TopicPartition

from schemas.rejected import RejectReason
from streams.rejected.log import RejectedLog, RejectedRecord

_FIRST_STEP = 200  # offsets; markers of transactions take about every second one


async def newest(log: RejectedLog, limit: int, reason: RejectReason | None = None) -> list[RejectedRecord]:
    """At most `limit` records, the newest first; only those of one reason if one is given.

    Raises:
        KafkaError: the brokers do not answer.
    """
    found = []
    for tp, (first, end) in (await log.ranges()).items():
        found += await _newest_of(log, tp, first, end, limit, reason)
    found.sort(key=lambda record: (record.time_ms, record.partition, record.offset), reverse=True)
    return found[:limit]


async def _newest_of(
    log: RejectedLog, tp: TopicPartition, first: int, end: int, limit: int, reason: RejectReason | None
) -> list[RejectedRecord]:
    """Reads backwards from the end in steps that grow, until there is enough."""
    found: list[RejectedRecord] = []
    step = max(2 * limit, _FIRST_STEP)
    while end > first and len(found) < limit:
        start = max(first, end - step)
        found = [record async for record in log.read(tp, start, end) if _is_wanted(record, reason)] + found
        end, step = start, 4 * step
    return found[-limit:]


def _is_wanted(record: RejectedRecord, reason: RejectReason | None) -> bool:
    return reason is None or (record.headers is not None and record.headers.reason is reason)
