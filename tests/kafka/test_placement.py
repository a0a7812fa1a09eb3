"""Keys land where the Java client and librdkafka put them."""

import pytest
from aiokafka.partitioner import DefaultPartitioner, murmur2
from hypothesis import given
from hypothesis import strategies as st

from streams.kafka.placement import client_partitioner, partition_of
from streams.settings import PartitionerName

# Apache Kafka, clients/src/test/java/org/apache/kafka/common/utils/UtilsTest.java
JAVA_HASHES = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}

# librdkafka, tests/0048-partitioner.c: positive hashes of `murmur2` and `consistent`
LIBRDKAFKA_MURMUR2 = {
    b"": 0x106E08D9,
    b"23456": 0x058D780F,
    b"this is another string with more length to it perhaps": 0x4F7703DA,
    b"hejsan": 0x5EC19395,
}
LIBRDKAFKA_CRC32 = {
    b"": 0,
    b"23456": 0xB1B451D7,
    b"this is another string with more length to it perhaps": 0xB0150DF7,
    b"hejsan": 0xD077037E,
}

PARTITION_COUNTS = [1, 2, 7, 8, 17, 10_000]


@pytest.mark.parametrize(("key", "signed_hash"), JAVA_HASHES.items())
def test_the_hash_is_the_java_clients(key: bytes, signed_hash: int) -> None:
    assert int.from_bytes(murmur2(key).to_bytes(4, "big"), "big", signed=True) == signed_hash


@pytest.mark.parametrize("partitions", PARTITION_COUNTS)
def test_murmur2_places_as_the_java_client(partitions: int) -> None:
    for key, signed_hash in JAVA_HASHES.items():
        assert partition_of(key, partitions, PartitionerName.MURMUR2) == (signed_hash & 0x7FFFFFFF) % partitions
    for key, positive_hash in LIBRDKAFKA_MURMUR2.items():
        assert partition_of(key, partitions, PartitionerName.MURMUR2) == positive_hash % partitions


@pytest.mark.parametrize("partitions", PARTITION_COUNTS)
def test_crc32_places_as_librdkafka(partitions: int) -> None:
    for key, crc in LIBRDKAFKA_CRC32.items():
        assert partition_of(key, partitions, PartitionerName.CRC32) == crc % partitions


def test_the_two_rules_differ() -> None:
    key = b"hejsan"
    assert partition_of(key, 17, PartitionerName.MURMUR2) != partition_of(key, 17, PartitionerName.CRC32)


@given(key=st.binary(max_size=300), partitions=st.integers(1, 10_000), partitioner=st.sampled_from(PartitionerName))
def test_every_key_has_a_partition_in_range(key: bytes, partitions: int, partitioner: PartitionerName) -> None:
    assert 0 <= partition_of(key, partitions, partitioner) < partitions


@given(key=st.binary(min_size=1, max_size=300), partitions=st.integers(1, 64))
def test_murmur2_agrees_with_the_client_librarys_default(key: bytes, partitions: int) -> None:
    everything = list(range(partitions))
    place = client_partitioner(PartitionerName.MURMUR2)
    assert place(key, everything, everything) == DefaultPartitioner()(key, everything, everything)


def test_an_unavailable_partition_changes_nothing() -> None:
    place = client_partitioner(PartitionerName.CRC32)
    assert place(b"23456", range(17), [3]) == 0xB1B451D7 % 17
