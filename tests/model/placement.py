"""Which partition a key belongs to, and the log with every record in its place."""

import zlib
from collections.abc import Callable, Iterable, Iterator

from streams.names import Topics
from tests.model.copies import APPLICATION, is_foreign, is_rerouted, rerouted_from
from tests.model.reading import Rejection, read
from tests.model.record import Record

Partitioner = Callable[[bytes, int], int]


def murmur2(data: bytes) -> int:
    """MurmurHash2, 32 bit, with the seed of Kafka's Java client (`Utils.murmur2`); unsigned."""
    multiplier, mask = 0x5BD1E995, 0xFFFFFFFF
    hashed = 0x9747B28C ^ len(data)
    whole = len(data) // 4 * 4
    for i in range(0, whole, 4):
        word = int.from_bytes(data[i : i + 4], "little") * multiplier & mask
        word = (word ^ word >> 24) * multiplier & mask
        hashed = hashed * multiplier & mask ^ word
    if rest := data[whole:]:
        hashed = (hashed ^ int.from_bytes(rest, "little")) * multiplier & mask
    hashed = (hashed ^ hashed >> 13) * multiplier & mask
    return hashed ^ hashed >> 15


def murmur2_partition(key: bytes, partitions: int) -> int:
    """Partition by the Java client's default: `toPositive(murmur2(key)) % partitions`."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def crc32_partition(key: bytes, partitions: int) -> int:
    """Partition by librdkafka's `consistent`: `crc32(key) % partitions`."""
    return zlib.crc32(key) % partitions


def is_misplaced(record: Record, app_key: str, partitions: int, partitioner: Partitioner) -> bool:
    """Whether the record's key is not its `appKey`, or its partition not that key's."""
    key = app_key.encode()
    return record.key != key or record.partition != partitioner(key, partitions)


def put_right(
    log: Iterable[Record],
    *,
    partitions: int,
    partitioner: Partitioner = murmur2_partition,
    topics: Topics = Topics(),  # noqa: B008 - frozen
    application: str = APPLICATION,
) -> list[Record]:
    """The log with a well-placed copy behind every misplaced record, as if it had been rerouted the moment it was read.

    The misplaced record stays (it has an index of its own), and `judge` passes over it. Where the copy lands among the
    records of its new partition is the broker's choice in real life; here it is the place where the original was read.
    """
    return [placed for record in log for placed in _with_copy(record, partitions, partitioner, topics, application)]


def _with_copy(
    record: Record, partitions: int, partitioner: Partitioner, topics: Topics, application: str
) -> Iterator[Record]:
    yield record
    if record.topic not in topics.inputs:
        return  # catalogue and exclusions are read whole, wherever they lie
    if is_foreign(record, application) or is_rerouted(record):
        return
    event = read(record, topics.inputs[record.topic])
    if isinstance(event, Rejection):
        return
    if is_misplaced(record, event.app_key, partitions, partitioner):
        key = event.app_key.encode()
        headers = (*record.headers, rerouted_from(record, application=application))
        yield record._replace(key=key, partition=partitioner(key, partitions), headers=headers)
