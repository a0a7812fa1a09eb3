"""How state lies on a changelog topic: one row a series, one meta row a partition, each led by a version byte.

    key  ["com.acme.charts","Jira"]      value  2 + MessagePack of the panes and states; empty: dropped
    key  inherited["com.acme.charts","Jira","webhook-delivery-15m"]
                                         value  2 + the alert of a breach of the application before this one
    key  meta                            value  2 + JSON: next source offset, progress, objectives, what all depends on

Panes are packed little-endian as in memory, so that a row of 15 panes costs about a microsecond to write.
"""

import sys
from array import array
from collections.abc import Callable
from fractions import Fraction
from typing import Any, Final

import msgspec

from streams.compact import compact_json
from streams.evaluation.progress import Progress
from streams.evaluation.series import Series, SeriesKey
from streams.evaluation.transition import ObjectiveState
from streams.exits import START_OVER, RefusalError
from streams.tables.identity import Identity
from streams.windows.tumbling import TumblingCounts

META_KEY: Final = b"meta"
_BREACH: Final = b"inherited"
_VERSION: Final = b"\x02"  # what to do when the format changes: tests/tables/test_golden_rows.py
_NEVER_RELEASED: Final = b"\x01"

_Panes = tuple[int, int, int, bytes, bytes]
_Row = tuple[dict[str, ObjectiveState], _Panes, _Panes | None]
_encode_key = msgspec.json.Encoder().encode  # a third of what orjson takes, and no byte is another
_encode_row = msgspec.msgpack.Encoder().encode
_decode_row = msgspec.msgpack.Decoder(_Row).decode
_read_key: Final[Callable[[bytes], SeriesKey]] = msgspec.json.Decoder(SeriesKey).decode


_NO_TOTALS: Final = bytes(16)
_AT_REST: Final[dict[str, ObjectiveState]] = {}


class UnreadableRowError(RefusalError):
    """A row that this version cannot read."""


class Meta(msgspec.Struct, frozen=True):
    """The meta row: from where the partition goes on.

    `progress` is None before the first accepted record. `rows` counts all rows beside it: a changelog that holds fewer
    has lost some. `audited` tells up to which offset the reference topics were looked at for records that
    cannot be used, by partition; only one partition has it. `identity` is what the state depends on, None until a store
    has set it; `outputs` how many partitions each topic had that the application publishes to.
    """

    next_offset: int
    progress: Progress | None
    rows: int
    audited: dict[str, int] = {}
    identity: Identity | None = None
    outputs: dict[str, int] = {}


def encode_key(key: SeriesKey) -> bytes:
    """Row key of a series: a JSON array, because no separator can then be forged."""
    return _encode_key(key)


def decode_key(key: bytes) -> SeriesKey:
    """The series that a row is of.

    Raises:
        UnreadableRowError: damaged.
    """
    try:
        return _read_key(key)
    except (ValueError, msgspec.MsgspecError) as problem:
        raise UnreadableRowError(f"row {key!r} is damaged: {problem}") from problem


def encode_series(series: Series) -> bytes:
    """Row value of a series."""
    by_app = None if series.by_app is None else _pack(series.by_app)
    states = dict(series.states) if series.states else _AT_REST  # most are
    return _VERSION + _encode_row((states, _pack(series), by_app))


def decode_series(key: bytes, value: bytes) -> Series:
    """The series of a row.

    Raises:
        UnreadableRowError: written by a newer version, or damaged.
    """
    _check_version(key, value)
    try:
        states, by_host, by_app = _decode_row(value[1:])
        series = Series(_read_key(key))
        _unpack(by_host, series)
        if by_app is not None:
            _unpack(by_app, series.its_own())
    except (ValueError, msgspec.MsgspecError) as problem:
        raise UnreadableRowError(f"row {key!r} is damaged: {problem}") from problem
    if states:
        series.states = states
    return series


def breach_key(app_key: str, scope: str, objective: str) -> bytes:
    """Row key of an inherited breach."""
    return _BREACH + compact_json([app_key, scope, objective])


def is_breach_key(key: bytes) -> bool:
    """Whether a row is an inherited breach: no key of a series begins so."""
    return key.startswith(_BREACH)


def encode_breach(alert: bytes) -> bytes:
    """Row value of an inherited breach: its alert, as the application before has published it."""
    return _VERSION + alert


def decode_breach(key: bytes, value: bytes) -> bytes:
    """The alert of an inherited breach.

    Raises:
        UnreadableRowError: written by a newer version.
    """
    _check_version(key, value)
    return value[1:]


def encode_meta(meta: Meta) -> bytes:
    """Row value of the meta row."""
    return _VERSION + msgspec.json.encode(meta, enc_hook=str)


def decode_meta(value: bytes) -> Meta:
    """The meta row.

    Raises:
        UnreadableRowError: written by a newer version, or damaged.
    """
    _check_version(META_KEY, value)
    try:
        return msgspec.json.decode(memoryview(value)[1:], type=Meta, dec_hook=_fraction)
    except msgspec.MsgspecError as problem:
        raise UnreadableRowError(f"the meta row is damaged: {problem}") from problem


def _fraction(_type: type, text: Any) -> Fraction:
    try:
        return Fraction(text)
    except ZeroDivisionError as problem:
        raise ValueError(f"{text} is not a number") from problem


def _check_version(key: bytes, value: bytes) -> None:
    version = value[:1]
    if version == _VERSION:
        return
    if version == _NEVER_RELEASED:
        raise UnreadableRowError(
            f"row {key!r} was stored by a version before 0.2, which was never released: {START_OVER}, or delete the "
            "topics and the consumer group of that version"
        )
    raise UnreadableRowError(f"row {key!r} has format {version!r}; this version reads {_VERSION!r}: upgrade it")


def _pack(panes: TumblingCounts) -> _Panes:
    closed = _raw(panes.panes) if panes.panes else b""
    return panes.pane, panes.good, panes.bad, closed, _raw(panes.totals)


def _unpack(packed: _Panes, panes: TumblingCounts) -> None:
    panes.pane, panes.good, panes.bad, raw_panes, raw_totals = packed
    if not raw_panes and raw_totals == _NO_TOTALS:
        return  # all that are alike share what they begin with
    panes.panes, panes.totals = _column("I", raw_panes), _column("Q", raw_totals)
    if len(panes.totals) != 2 * len(panes.panes) + 2:
        raise ValueError("panes without their totals")


def _swapped(typecode: str, raw: bytes) -> "array[int]":
    column = array(typecode, raw)
    column.byteswap()
    return column


def _little_endian(column: "array[int]") -> bytes:
    column = array(column.typecode, column)
    column.byteswap()
    return column.tobytes()


_column: Final[Callable[[str, bytes], "array[int]"]] = _swapped if sys.byteorder == "big" else array
_raw: Final[Callable[["array[int]"], bytes]] = _little_endian if sys.byteorder == "big" else array.tobytes
