"""Placement: which partition a key belongs to, as the producers' own clients decide it."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from zlib import crc32

from aiokafka.partitioner import murmur2

from streams.settings import PartitionerName

# In Python, and asked for the same keys again and again: by producers, and by an alert, which is two records.
_hash = lru_cache(maxsize=10_000)(murmur2)


def partition_of(key: bytes, partitions: int, partitioner: PartitionerName) -> int:
    """Partition of a key, 0 <= result < `partitions`.

    `murmur2` is the Java client's rule: the 31 low bits of the hash, modulo the count. `crc32` is librdkafka's
    `consistent`: the unsigned CRC, modulo the count. An empty key has a fixed partition under both, as it has there;
    only librdkafka's `consistent_random` scatters empty keys, and no `appKey` is empty.
    """
    if partitioner is PartitionerName.CRC32:
        return crc32(key) % partitions
    hashed: int = _hash(key)
    return (hashed & 0x7FFFFFFF) % partitions


def client_partitioner(partitioner: PartitionerName) -> Callable[[bytes, Sequence[int], Sequence[int]], int]:
    """The same rule in the shape aiokafka's `partitioner=` wants; every record must have a key."""

    def place(key: bytes, all_partitions: Sequence[int], _available: Sequence[int]) -> int:
        return partition_of(key, len(all_partitions), partitioner)

    return place
