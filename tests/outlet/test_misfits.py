"""Records that do not fit are kept with their reason or put right, and never stop the stream by their size."""

import hashlib

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.rejected import RejectedHeaders, RejectReason
from streams.intake.admission import Misplaced
from streams.intake.checking import Rejection
from streams.kafka.chunk import LOG_APPEND_TIME, Header
from streams.kafka.excerpt import KEPT_OF_HEADERS_BYTES, size_of
from streams.outlet.misfits import Misfits
from streams.outlet.outgoing import Outgoing
from tests.build import Stored

MISFITS = Misfits("slo-streams", "slo.webhook.v1", 3, "slo.rejected.v1")
DOCTOR_ASKS_FOR_BYTES = 1_000_000
"""The least `max.message.bytes` that it lets pass."""


def rejected(key: bytes | None = b"k", value: bytes | None = b"{", *record_headers: Header) -> Outgoing:
    return MISFITS.rejected(Rejection.of(Stored(7, 1, key, value, record_headers), RejectReason.NOT_JSON, "cut short"))


def headers(record: Outgoing) -> RejectedHeaders:
    return RejectedHeaders.from_kafka([(name, value or b"") for name, value in record.headers])


def batch_size(record: Outgoing) -> int:
    """Bytes of the batch that carries it to the broker."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=True,
        producer_id=1,
        producer_epoch=0,
        base_sequence=0,
        batch_size=512 * 1024,
    )
    assert builder.append(0, record.timestamp_ms or 1, record.key, record.value, record.headers) is not None
    return len(builder.build())


MOST_BYTES = 3_000_000


def repeated(header_and_count: tuple[Header, int]) -> list[Header]:
    """As often as a count says, within some more bytes than a broker takes."""
    header, count = header_and_count
    return [header] * min(count, 1 + MOST_BYTES // max(1, size_of([header])))


def test_the_original_bytes_with_the_reason() -> None:
    record = rejected(b"\x00key", b"\xff{")
    assert (record.topic, record.key, record.value) == ("slo.rejected.v1", b"\x00key", b"\xff{")
    assert record.headers == [
        ("reason", b"not_json"),
        ("detail", b"cut short"),
        ("application", b"slo-streams"),
        ("topic", b"slo.webhook.v1"),
        ("partition", b"3"),
        ("offset", b"7"),
    ]


def test_null_stays_null_and_empty_stays_empty() -> None:
    assert (rejected(None, None).key, rejected(None, None).value) == (None, None)
    assert (rejected(b"", b"").key, rejected(b"", b"").value) == (b"", b"")


def test_a_value_of_64_kib_is_kept_whole() -> None:
    record = rejected(value=b"x" * 65_536)
    assert record.value == b"x" * 65_536
    assert headers(record).truncated is None


@pytest.mark.parametrize("length", [65_537, 5_000_000])
def test_of_a_larger_one_its_beginning_and_digest(length: int) -> None:
    value = bytes(index % 251 for index in range(length))
    record = rejected(value=value)
    assert record.value == value[: 64 * 1024]
    assert headers(record).truncated == length
    assert headers(record).sha256 == hashlib.sha256(value).hexdigest()


@pytest.mark.parametrize(
    ("key_bytes", "value_bytes"), [(2_000_000, 10), (900_000, 900_000), (500_000, 500_000), (65_536, 2_000_000)]
)
def test_a_large_key_fits_too(key_bytes: int, value_bytes: int) -> None:
    record = rejected(b"k" * key_bytes, b"v" * value_bytes, ("trace", b"x" * 16_000), ("more", b"x" * 16_000))
    assert batch_size(record) < DOCTOR_ASKS_FOR_BYTES


def test_a_key_that_was_cut_says_so() -> None:
    record = rejected(b"k" * 1_000_000)
    assert record.key == b"k" * 64 * 1024
    assert headers(record).key_truncated == 1_000_000
    assert headers(rejected(b"k" * 65_536)).key_truncated is None


def test_its_own_headers_are_kept_beside_the_reason() -> None:
    record = rejected(
        b"k",
        b"{",
        ("content-type", b"text/plain"),
        ("reason", b"\xff"),
        ("reason", None),
        ("rerouted-from", b"1@2"),
        ("rerouted-timestamp", b"5"),
    )
    assert record.headers[-3:] == [
        ("original.content-type", b"text/plain"),
        ("original.reason", b"\xff"),
        ("original.reason", None),
    ]
    assert headers(record).reason is RejectReason.NOT_JSON
    assert headers(record).headers_left_out is None


def test_headers_without_room_are_left_out_and_counted() -> None:
    large = [(f"large-{number}", b"x" * (KEPT_OF_HEADERS_BYTES // 2)) for number in range(3)]
    record = rejected(b"k", b"{", *large, ("content-type", b"text/plain"))
    assert record.headers[-2:] == [("original.large-0", large[0][1]), ("original.content-type", b"text/plain")]
    assert headers(record).headers_left_out == 2


def put_right(*record_headers: Header, timestamp: int | None = 5, value: bytes = b"{}") -> Outgoing | Rejection:
    return MISFITS.put_right(Misplaced(Stored(7, timestamp, b"wrong", value, record_headers), "tâche"))


def test_a_misplaced_record_is_produced_again_under_its_own_key() -> None:
    record = put_right(("trace", b"1"), ("trace", None))
    key = "tâche".encode()
    assert record == Outgoing(
        "slo.webhook.v1",
        key,
        b"{}",
        [("trace", b"1"), ("trace", None), ("rerouted-from", b"slo-streams/slo.webhook.v1/3@7")],
        partition_key=key,
        timestamp_ms=5,
    )


@pytest.mark.parametrize(("timestamp", "kept"), [(0, 0), (None, -1), (-1, -1)])
def test_its_timestamp_is_kept_also_where_it_has_none(timestamp: int | None, kept: int) -> None:
    record = put_right(timestamp=timestamp)
    assert isinstance(record, Outgoing)
    assert record.timestamp_ms == kept


def test_where_the_broker_sets_timestamps_the_copy_carries_that_of_its_original() -> None:
    forged = (("rerouted-timestamp", b"1"),)
    record = MISFITS.put_right(Misplaced(Stored(7, 5, b"wrong", b"{}", forged, LOG_APPEND_TIME), "a"))
    assert isinstance(record, Outgoing)
    assert record.headers == [("rerouted-from", b"slo-streams/slo.webhook.v1/3@7"), ("rerouted-timestamp", b"5")]


@pytest.mark.parametrize(
    "too_much",
    [[("trace", b"x" * 900_000)], [("中" * 300_000, None)], [("", None)] * 90_000],
    ids=["value", "name", "many"],
)
def test_one_with_huge_headers_is_rejected(too_much: list[Header]) -> None:
    problem = put_right(*too_much, value=b'{"appKey":"x"}')
    assert isinstance(problem, Rejection)
    assert problem.reason is RejectReason.MISPLACED
    assert "too large to be put right: 90" in problem.detail


SIZES = st.one_of(st.integers(0, 70_000), st.integers(880_000, 910_000), st.just(3_000_000))
BODIES = st.one_of(st.none(), SIZES.map(bytes))
NAMES = st.sampled_from(["", "a", "trace", "中" * 100, "n" * 20_000, "中" * 300_000])
HEADERS = st.tuples(NAMES, st.one_of(st.none(), st.integers(0, 20_000).map(bytes)))
MANY_HEADERS = st.one_of(st.lists(HEADERS, max_size=40), st.tuples(HEADERS, st.integers(0, 100_000)).map(repeated))


@settings(max_examples=40, deadline=None)
@given(BODIES, BODIES, MANY_HEADERS)
@example(b"k", bytes(900_000), [("a", None)] * 14_000)
@example(bytes(65_537), bytes(900_000), [("x", b"")] * 14_000)
@example(b"k", b"{}", [("", None)] * 400_000)
@example(b"k", b"{}", [("中" * 800_000, None)])
def test_whatever_comes_in_no_batch_is_too_large(key: bytes | None, value: bytes | None, more: list[Header]) -> None:
    record = Stored(7, 1, key, value, tuple(more))
    assert (
        batch_size(MISFITS.rejected(Rejection.of(record, RejectReason.TOO_LARGE, "too large"))) < DOCTOR_ASKS_FOR_BYTES
    )
    rerouted = MISFITS.put_right(Misplaced(record, "k" * 256))
    if isinstance(rerouted, Outgoing):
        assert batch_size(rerouted) < DOCTOR_ASKS_FOR_BYTES
