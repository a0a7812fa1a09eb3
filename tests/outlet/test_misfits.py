"""Records that do not fit are kept with their reason or put right, and never stop the stream by their size."""

import hashlib

import pytest

from schemas.rejected import Reason, RejectedHeaders
from streams.intake.admission import Misplaced
from streams.intake.checking import Rejection
from streams.outlet.misfits import KEPT_OF_HEADERS_BYTES, Misfits
from streams.outlet.outgoing import Outgoing
from tests.build import Stored

MISFITS = Misfits("slo.webhook.v1", 3, "slo.rejected.v1")
BROKER_LIMIT_BYTES = 1_048_576


def rejected(
    key: bytes | None = b"k", value: bytes | None = b"{", *record_headers: tuple[str, bytes | None]
) -> Outgoing:
    return MISFITS.rejected(Rejection(Stored(7, 1, key, value, record_headers), Reason.NOT_JSON, "cut short"))


def headers(record: Outgoing) -> RejectedHeaders:
    return RejectedHeaders.from_kafka([(name, value or b"") for name, value in record.headers])


def size(record: Outgoing) -> int:
    return len(record.key or b"") + len(record.value or b"") + sum(len(value or b"") for _, value in record.headers)


def test_the_original_bytes_with_the_reason() -> None:
    record = rejected(b"\x00key", b"\xff{")
    assert (record.topic, record.key, record.value) == ("slo.rejected.v1", b"\x00key", b"\xff{")
    assert record.headers == [
        ("reason", b"not_json"),
        ("detail", b"cut short"),
        ("topic", b"slo.webhook.v1"),
        ("partition", b"3"),
        ("offset", b"7"),
    ]


def test_null_stays_null_and_empty_stays_empty() -> None:
    assert (rejected(None, None).key, rejected(None, None).value) == (None, None)
    assert (rejected(b"", b"").key, rejected(b"", b"").value) == (b"", b"")


def test_a_value_of_900_kb_is_kept_whole() -> None:
    record = rejected(value=b"x" * 900_000)
    assert record.value == b"x" * 900_000
    assert headers(record).truncated is None


@pytest.mark.parametrize("length", [900_001, 5_000_000])
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
    assert size(record) < BROKER_LIMIT_BYTES - 1_000


def test_a_key_that_was_cut_says_so() -> None:
    record = rejected(b"k" * 1_000_000)
    assert record.key == b"k" * 64 * 1024
    assert headers(record).key_truncated == 1_000_000
    assert headers(rejected(b"k" * 100_000)).key_truncated is None


def test_its_own_headers_are_kept_beside_the_reason() -> None:
    record = rejected(
        b"k", b"{", ("content-type", b"text/plain"), ("reason", b"\xff"), ("reason", None), ("rerouted-from", b"1@2")
    )
    assert record.headers[-3:] == [
        ("original.content-type", b"text/plain"),
        ("original.reason", b"\xff"),
        ("original.reason", None),
    ]
    assert headers(record).reason is Reason.NOT_JSON
    assert headers(record).headers_left_out is None


def test_headers_without_room_are_left_out_and_counted() -> None:
    large = [(f"large-{number}", b"x" * (KEPT_OF_HEADERS_BYTES // 2)) for number in range(3)]
    record = rejected(b"k", b"{", *large, ("content-type", b"text/plain"))
    assert record.headers[-2:] == [("original.large-0", large[0][1]), ("original.content-type", b"text/plain")]
    assert headers(record).headers_left_out == 2


def put_right(*record_headers: tuple[str, bytes | None], timestamp: int | None = 5, value: bytes = b"{}") -> Outgoing:
    return MISFITS.put_right(Misplaced(Stored(7, timestamp, b"wrong", value, record_headers), "tâche"))


def test_a_misplaced_record_is_produced_again_under_its_own_key() -> None:
    record = put_right(("trace", b"1"), ("trace", None))
    key = "tâche".encode()
    assert record == Outgoing(
        "slo.webhook.v1",
        key,
        b"{}",
        [("trace", b"1"), ("trace", None), ("rerouted-from", b"3@7")],
        partition_key=key,
        timestamp_ms=5,
    )


@pytest.mark.parametrize(("timestamp", "kept"), [(0, 0), (None, None), (-1, None)])
def test_its_timestamp_is_kept_where_it_has_one(timestamp: int | None, kept: int | None) -> None:
    assert put_right(timestamp=timestamp).timestamp_ms == kept


def test_one_with_huge_headers_is_kept_as_rejected() -> None:
    record = put_right(("trace", b"x" * 900_000), value=b'{"appKey":"x"}')
    assert (record.topic, record.key, record.value) == ("slo.rejected.v1", b"wrong", b'{"appKey":"x"}')
    assert headers(record).reason is Reason.MISPLACED
    assert "too large to be put right" in headers(record).detail
    assert headers(record).headers_left_out == 1
