"""Marks of copies: written and read the same, and whose a copy is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.intake.marks import (
    CopyMark,
    dated,
    is_foreign,
    is_original,
    is_rerouted,
    read_mark,
    redriven_from,
    timestamp_ms,
    without,
)
from streams.kafka.chunk import Header
from tests.build import Stored

REROUTED = CopyMark("slo-streams", "slo.webhook.v1", 3, 7)
REDRIVEN = CopyMark("slo-streams", "slo.webhook.v1", 3, 7, "too_late")
NAMES = st.text("abcXYZ019._-", min_size=1, max_size=100)


@given(NAMES, NAMES, st.integers(0, 2**31 - 1), st.integers(0, 2**63 - 1), st.none() | NAMES)
def test_a_mark_is_read_as_it_was_written(
    application: str, topic: str, partition: int, offset: int, reason: str | None
) -> None:
    mark = CopyMark(application, topic, partition, offset, reason)
    assert read_mark(*mark.header) == mark
    assert not is_foreign([mark.header], application)
    assert is_foreign([mark.header], application + "x")


def test_how_they_look() -> None:
    assert REROUTED.header == ("rerouted-from", b"slo-streams/slo.webhook.v1/3@7")
    assert REDRIVEN.header == ("redriven-from", b"slo-streams/too_late/slo.webhook.v1/3@7")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rerouted-from", None),
        ("rerouted-from", b""),
        ("rerouted-from", b"3@7"),
        ("rerouted-from", b"/slo.webhook.v1/3@7"),
        ("rerouted-from", b"slo-streams/slo.webhook.v1/3"),
        ("rerouted-from", b"slo-streams/slo.webhook.v1/-3@7"),
        ("rerouted-from", b"slo-streams/slo.webhook.v1/3@7\n"),
        ("rerouted-from", "tâche/slo.webhook.v1/3@7".encode()),
        ("rerouted-from", b"slo-streams/too_late/slo.webhook.v1/3@7"),
        ("redriven-from", b"slo-streams/slo.webhook.v1/3@7"),
        ("redriven-from", b"slo-streams//slo.webhook.v1/3@7"),
    ],
)
def test_a_mark_that_names_nobody_is_nobodys(name: str, value: bytes | None) -> None:
    assert read_mark(name, value) is None
    assert is_foreign([(name, value)], "slo-streams")


@pytest.mark.parametrize(
    ("headers", "rerouted", "foreign", "original"),
    [
        ([], False, False, True),
        ([("ce_id", b"canary/slo.webhook.v1/3@7"), ("content-type", None)], False, False, True),
        ([REROUTED.header], True, False, False),
        ([REDRIVEN.header], False, False, True),
        ([REDRIVEN.header, REROUTED.header], True, False, False),
        ([CopyMark("canary", "t", 0, 0).header], True, True, False),
        ([CopyMark("canary", "t", 0, 0, "schema").header], False, True, False),
        ([CopyMark("canary", "t", 0, 0, "schema").header, REROUTED.header], True, True, False),
        ([REROUTED.header, CopyMark("canary", "t", 0, 0).header], True, True, False),
    ],
)
def test_whose_a_record_is(headers: list[Header], rerouted: bool, foreign: bool, original: bool) -> None:
    assert (is_rerouted(headers), is_foreign(headers, "slo-streams")) == (rerouted, foreign)
    assert is_original(headers, "slo-streams") is original


def test_why_a_redriven_record_was_rejected() -> None:
    assert redriven_from([("ce_id", b"1"), REDRIVEN.header]) == REDRIVEN
    assert redriven_from([REROUTED.header]) is None


@pytest.mark.parametrize(
    ("own_ms", "told", "meant_ms"),
    [
        (500, b"200", 200),
        (500, b"700", 500),
        (500, b"-1", -1),
        (500, b"0", 0),
        (500, None, 500),
        (500, b"noon", 500),
        (500, b"-2", 500),
        (-1, b"200", -1),
        (None, b"200", None),
    ],
)
def test_when_a_copys_original_was_there(own_ms: int | None, told: bytes | None, meant_ms: int | None) -> None:
    copy = Stored(7, own_ms, b"k", b"v", (REROUTED.header, ("rerouted-timestamp", told)))
    assert timestamp_ms(copy) == dated(copy).timestamp == meant_ms
    assert (dated(copy).offset, dated(copy).key, dated(copy).value, dated(copy).headers) == (
        *(7, b"k", b"v"),
        copy.headers,
    )


def test_only_a_copy_can_say_when_its_original_was_there() -> None:
    assert timestamp_ms(Stored(timestamp=500, headers=(("rerouted-timestamp", b"200"),))) == 500


def test_headers_without_some() -> None:
    headers: list[Header] = [("a", b"1"), REROUTED.header, ("a", None), ("b", b"")]
    assert without(headers, "rerouted-from", "b") == [("a", b"1"), ("a", None)]
