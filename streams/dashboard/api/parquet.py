"""Tables as Parquet, for who computes with them: the whole of a list, page by page, so that little is held at a time.

Each page is read in a transaction of its own, and sent before the next one: a slow reader holds nothing. A file that
could not be written to its end has none, which every reader of Parquet notices.
"""

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.util import find_spec
from itertools import islice
from typing import Any, Final

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from schemas.event_time import epoch_ms
from streams.dashboard.api.answers import Row, Table, cell_of, column_name
from streams.dashboard.dashboard import dashboard_of
from streams.dashboard.queries.page import MOST
from streams.dashboard.viewer import Viewer
from streams.web.problem import Problem, ProblemError

MEDIA_TYPE: Final = "application/vnd.apache.parquet"
MOST_ROWS: Final = 1_000_000
_GROUP: Final = 10_000
"""Rows that are packed at once."""
_TIMES: Final = frozenset((
    "from", "breachedAt", "recoveredAt", "windowStart", "windowEnd", "time", "exhaustedAt", "start",
    "detectedAt", "endedAt", "createdAt", "dueAt", "sentAt", "since", "end", "announcedAt",
))  # fmt: skip
_WHOLE: Final = frozenset((
    "periodDays", "goodCount", "badCount", "coveredMinutes", "remainingEvents", "good", "bad", "excluded",
    "appCount", "users", "reports", "attempts", "count", "breaches", "timeToDetectSeconds", "timeToTellSeconds",
    "timeToUpdateSeconds", "timeToRecoverSeconds", "now", "tried", "counted", "appeals",
))  # fmt: skip
_FRACTIONS: Final = frozenset((
    "consumed", "burn1h", "burn6h", "burn1d", "burn3d", "p50", "p90", "p99", "threshold", "long", "short",
    "sliValue", "sloValue", "attainment",
))  # fmt: skip
_FLAGS: Final = frozenset(["breached", "trial", "met", "alone", "reviewDue", "takesEffect"])


def has_parquet() -> bool:
    """Whether the extra is installed that makes it."""
    return find_spec("pyarrow") is not None


def parquet_answer(
    request: Request, viewer: Viewer, endpoint: Callable[..., Table], given: Mapping[str, Any], *, is_seen: bool
) -> Response:
    """All rows of an endpoint for a viewer, as a file that comes in pieces; `is_seen`: it takes what is seen as `view`.

    Raises:
        ProblemError: NO_PARQUET: it is not installed. Whatever the endpoint raises for the first page.
    """
    if not has_parquet():
        raise ProblemError(Problem.NO_PARQUET)

    def page(cursor: str | None) -> Table:
        more: dict[str, Any] = {} if "limit" not in given else {"limit": MOST}
        if cursor is not None:
            more["cursor"] = cursor
        if not is_seen:
            return endpoint(**given, **more)
        with dashboard_of(request).database.seen_by(viewer) as view:
            table = endpoint(**{**given, "view": view, **more})
            return Table(table.document, list(table.rows), table.columns)

    first = page(given.get("cursor"))
    name = request.url.path.rpartition("/")[2]
    return StreamingResponse(
        parquet_pieces([column_name(one) for one in first.columns], _rows(first, page)),
        media_type=MEDIA_TYPE,
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Content-Encoding": "identity"},
    )


def _rows(table: Table, page: Callable[[str], Table]) -> Iterator[Mapping[str, Any]]:
    while True:
        for row in table.rows:
            yield {column_name(one): cell_of(row, one) for one in table.columns}
        following = table.document.get("next")
        if following is None:
            return
        table = page(following)


def parquet_pieces(columns: list[str], rows: Iterable[Row]) -> Iterator[bytes]:
    """The pieces of a file with at most a million rows; a column is what its name says, text if nothing."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    kinds = {
        **dict.fromkeys(_TIMES, pa.timestamp("ms", tz="UTC")),
        **dict.fromkeys(_WHOLE, pa.int64()),
        **dict.fromkeys(_FRACTIONS, pa.float64()),
        **dict.fromkeys(_FLAGS, pa.bool_()),
    }
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in columns])
    out, left = _Pieces(), islice(rows, MOST_ROWS)
    with ParquetWriter(out, schema, compression="zstd") as writer:
        while group := list(islice(left, _GROUP)):
            values = {name: [_value(name, row[name]) for row in group] for name in columns}
            writer.write_table(pa.table(values, schema=schema))
            yield out.taken()
    yield out.taken()


def _value(name: str, value: Any) -> object:
    if value is None:
        return None
    if name in _TIMES:
        return epoch_ms(value)
    return value if name in _WHOLE or name in _FRACTIONS or name in _FLAGS else str(value)


class _Pieces(io.RawIOBase):
    """A file that is taken away as it is written."""

    def __init__(self) -> None:
        super().__init__()
        self._kept = bytearray()
        self._taken = 0

    def writable(self) -> bool:
        return True

    def write(self, piece: Any, /) -> int:
        self._kept += piece
        return len(piece)

    def tell(self) -> int:
        return self._taken + len(self._kept)

    def taken(self) -> bytes:
        """What was written since the last time."""
        piece = bytes(self._kept)
        self._taken += len(piece)
        self._kept.clear()
        return piece
