"""Where records belong, and what becomes of those that lie elsewhere."""

import pytest

from streams.evaluation.objective import Objective
from tests.model import Judged, Record, crc32_partition, judge, murmur2_partition, put_right
from tests.model.build import DEFAULTS, check, short
from tests.model.copies import REROUTED, rerouted_from
from tests.model.placement import murmur2

OBJECTIVES: list[Objective] = [DEFAULTS["app-availability-15m"]]
PARTITIONS = 3
HOME = 0  # of com.example.app


@pytest.mark.parametrize(
    ("key", "signed"),
    [  # Apache Kafka, clients/src/test/java/org/apache/kafka/common/utils/UtilsTest.java, testMurmur2
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_murmur2_is_that_of_the_java_client(key: bytes, signed: int) -> None:
    assert murmur2(key) == signed % 2**32
    assert murmur2_partition(key, 7) == signed % 2**31 % 7


def test_crc32_is_the_common_one() -> None:
    assert crc32_partition(b"123456789", 1_000_000) == 0xCBF43926 % 1_000_000  # the check value of CRC-32


def misplaced(record: Record) -> Record:
    return record._replace(partition=(HOME + 1) % PARTITIONS)


def judged(log: list[Record]) -> Judged:
    return judge(log, OBJECTIVES, lateness_ms=10_000, partitions=PARTITIONS, until_ms=1_772_452_800_000 + 60_000)


def test_home() -> None:
    assert murmur2_partition(b"com.example.app", PARTITIONS) == HOME


@pytest.mark.parametrize(
    "wrong",
    [
        misplaced(check("12:00", 500)),
        check("12:00", 500)._replace(key=b"someone.else"),
        check("12:00", 500)._replace(key=None),
    ],
)
def test_a_misplaced_record_counts_where_it_lands(wrong: Record) -> None:
    original, copy = put_right([wrong], partitions=PARTITIONS)
    assert original == wrong
    assert (copy.key, copy.partition, copy.value) == (b"com.example.app", HOME, wrong.value)
    assert copy.header(REROUTED) is not None
    result = judged([original, copy])
    assert short(result.alerts["slo.healthcheck.v1", HOME]) == [("12:01", "BELOW_OBJECTIVE", 0, 1)]
    assert len(result.all_alerts) == 1
    assert result.rejected == []


def test_misplaced_again_is_rejected() -> None:
    wrong = misplaced(check("12:00", 500))
    again = wrong._replace(headers=(rerouted_from(wrong),))
    assert put_right([again], partitions=PARTITIONS) == [again]
    result = judged([again])
    assert (result.all_alerts, result.rejected) == ([], [("slo.healthcheck.v1", 1, 0, "misplaced")])


def test_a_misplaced_record_does_not_move_the_watermark_where_it_was_read() -> None:
    late = misplaced(check("13:00", app="com.example.app"))
    neighbour = misplaced(check("12:00", 500, app=NEIGHBOUR))
    assert judged([neighbour, late]).all_alerts == judged([neighbour]).all_alerts != []


def test_place_is_judged_before_time() -> None:
    future = misplaced(check("12:30", arrives="12:00"))
    result = judged(put_right([future], partitions=PARTITIONS))
    assert result.rejected == [("slo.healthcheck.v1", HOME, 0, "future_time")]


NEIGHBOUR = next(app for app in map(str, range(100)) if murmur2_partition(app.encode(), PARTITIONS) == HOME + 1)
