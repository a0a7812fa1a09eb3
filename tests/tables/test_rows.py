"""State as it lies on a changelog: what is written is read back, and what cannot be read is refused in words."""

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.compact import compact_json
from streams.evaluation.objective import Silence
from streams.evaluation.progress import Progress
from streams.evaluation.series import Series
from streams.evaluation.transition import ObjectiveState
from streams.tables.rows import (
    META_KEY,
    Meta,
    UnreadableRowError,
    decode_meta,
    decode_series,
    encode_key,
    encode_meta,
    encode_series,
)
from streams.windows.tumbling import TumblingCounts
from tests.model.build import DEFAULTS

KEY = encode_key(("com.example.app", "Jira"))
EVENTS = st.lists(st.tuples(st.integers(0, 4_133_980_799), st.integers(0, 3), st.integers(0, 3)), max_size=20)
TIMES_MS = st.none() | st.integers(0, 4_133_980_800_000)
STANDINGS = st.dictionaries(
    st.text(min_size=1, max_size=10),
    st.builds(ObjectiveState, TIMES_MS, st.integers(0, 1_000), TIMES_MS),
    max_size=3,
)


def fill(panes: TumblingCounts, events: list[tuple[int, int, int]], forget: int = 0) -> None:
    for event in events:
        panes.add(*event)
    panes.forget(forget)


def told(counts: TumblingCounts | None) -> object:
    if counts is None:
        return None
    return counts.pane, counts.good, counts.bad, list(counts.panes), list(counts.totals)


@settings(max_examples=60, deadline=None)
@given(by_host=EVENTS, forget=st.integers(0, 4_133_980_799), by_app=st.none() | EVENTS, states=STANDINGS)
def test_a_series_reads_back(
    by_host: list[tuple[int, int, int]],
    forget: int,
    by_app: list[tuple[int, int, int]] | None,
    states: dict[str, ObjectiveState],
) -> None:
    series = Series(("com.example.app", "Jira"))
    fill(series.by_host, by_host, forget)
    if by_app is not None:
        fill(series.its_own(), by_app)
    series.states = states
    read = decode_series(KEY, encode_series(series))
    assert read.key == series.key
    assert told(read.by_host) == told(series.by_host)
    assert told(read.by_app) == told(series.by_app)
    assert read.states == states
    assert (read.is_dirty, read.is_watched, read.is_fading) == (False, False, False)


def test_a_meta_row_reads_back_to_the_digit() -> None:
    third = DEFAULTS["webhook-delivery-15m"].budget / 3
    odd = replace(
        DEFAULTS["webhook-delivery-15m"],
        name="tâche",
        budget=third,
        breach_at_budget=True,
        minimum_events=20,
        alert_after_ms=900_000,
        recover_after_ms=1_000,
        silence=Silence.HOLD,
    )
    progress = Progress(1_772_409_600_123, 1_772_409_540_000, 60_000, (odd, *DEFAULTS.values()))
    for meta in (Meta(1 << 62, progress, 1_000_000), Meta(0, None, 0)):
        assert decode_meta(encode_meta(meta)) == meta


def test_the_key_of_a_series_is_compact_json() -> None:
    assert KEY == b'["com.example.app","Jira"]'
    assert encode_key(("tâche", 'a"b')) == '["tâche","a\\"b"]'.encode()
    assert not META_KEY.startswith(b"[")


@given(app_key=st.text(st.characters(codec="utf-8")), scope=st.text(st.characters(codec="utf-8")))
def test_a_key_is_written_byte_by_byte_as_it_was(app_key: str, scope: str) -> None:
    """Another writer of JSON may escape otherwise: a row under another key would be another series."""
    assert encode_key((app_key, scope)) == compact_json([app_key, scope])


def test_a_row_of_fifteen_panes_is_small() -> None:
    series = Series(("com.example.app", "Jira"))
    fill(series.by_host, [(29_540_160 + minute, 1_000, 10) for minute in range(15)])
    series.states = {"webhook-delivery-15m": ObjectiveState(1_772_409_600_000, 2)}
    assert len(KEY) + len(encode_series(series)) < 450


@pytest.mark.parametrize("version", [b"\x03", b"\x00", b"{", b""])
def test_another_format_is_refused(version: bytes) -> None:
    row, meta = encode_series(Series(("a", "b"))), encode_meta(Meta(0, None, 0))
    with pytest.raises(UnreadableRowError, match=r"com\.example\.app.*has format.*this version reads.*upgrade"):
        decode_series(KEY, version + row[1:] if version else b"")
    with pytest.raises(UnreadableRowError, match=r"meta.*has format"):
        decode_meta(version + meta[1:] if version else b"")


def test_what_was_stored_before_the_first_release_is_refused_with_what_to_do() -> None:
    row, meta = encode_series(Series(("a", "b"))), encode_meta(Meta(0, None, 0))
    for old in (lambda: decode_series(KEY, b"\x01" + row[1:]), lambda: decode_meta(b"\x01" + meta[1:])):
        with pytest.raises(UnreadableRowError, match=r"before 0\.2.*SLO_APPLICATION_ID.*or delete the topics"):
            old()


@pytest.mark.parametrize("damage", [slice(0, 1), slice(0, 3), slice(0, -1)])
def test_a_row_cut_short_is_refused(damage: slice) -> None:
    series = Series(("a", "b"))
    fill(series.by_host, [(1, 1, 0), (2, 0, 1)])
    with pytest.raises(UnreadableRowError, match=r"com\.example\.app.*is damaged"):
        decode_series(KEY, encode_series(series)[damage])
    with pytest.raises(UnreadableRowError, match="meta row is damaged"):
        decode_meta(encode_meta(Meta(5, Progress(0, 0, 60_000, tuple(DEFAULTS.values())), 0))[damage])


@pytest.mark.parametrize(
    "key", [b"", b"not json", b'["only one"]', b'["a","b","c"]', b'["a",1]', b'{"a":1,"b":2}', b'["\xff","b"]', b"7"]
)
def test_a_key_that_is_no_series_is_refused(key: bytes) -> None:
    with pytest.raises(UnreadableRowError, match="is damaged"):
        decode_series(key, encode_series(Series(("a", "b"))))


@pytest.mark.parametrize("panes", [b"abc", b"\0\0\0\0"], ids=["half a number", "a pane without totals"])
def test_columns_that_do_not_fit_are_refused(panes: bytes) -> None:
    row = b"\x02" + msgspec.msgpack.encode(({}, (1, 1, 0, panes, bytes(16)), None))
    with pytest.raises(UnreadableRowError, match="is damaged"):
        decode_series(KEY, row)


@pytest.mark.parametrize("budget", ['"1/0"', '"x"', "null", "{}"])
def test_a_meta_row_with_an_impossible_budget_is_refused(budget: str) -> None:
    meta = encode_meta(Meta(5, Progress(0, 0, 60_000, (DEFAULTS["webhook-delivery-15m"],)), 0))
    assert b'"1/100"' in meta
    with pytest.raises(UnreadableRowError, match="meta row is damaged"):
        decode_meta(meta.replace(b'"1/100"', budget.encode()))
