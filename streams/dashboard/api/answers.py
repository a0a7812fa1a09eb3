"""Answers of the API: JSON, and of every table CSV for whoever asks for it by `Accept: text/csv` or `.csv`."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any, Final

import orjson
from fastapi import Request, Response
from starlette.datastructures import URL

from streams.commas import by_commas

CSV: Final = "text/csv"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")

Row = Mapping[str, Any]


def json_answer(document: object) -> Response:
    """A document."""
    return Response(orjson.dumps(document), media_type="application/json")


@dataclass(frozen=True, slots=True)
class Table:
    """A document of the API, and its rows under these columns.

    A column is the name of a field; `burn.1h` is that of a field of an object.
    """

    document: dict[str, Any]
    rows: Iterable[Row]
    columns: Sequence[str]


def table_answer(request: Request, table: Table) -> Response:
    """The document, or its rows as CSV; the next page of those is named by a Link header (RFC 8288)."""
    if not wants_csv(request):
        answer = json_answer(table.document)
    else:
        answer = Response(_csv(table), media_type=f"{CSV}; charset=utf-8")
        following = table.document.get("next")
        if following is not None:
            url = URL(scope=request.scope).include_query_params(cursor=following)
            answer.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
    answer.headers["Vary"] = "Accept"
    return answer


def wants_csv(request: Request) -> bool:
    """Whether a table is asked for as CSV."""
    accepted = [part.partition(";")[0].strip().lower() for part in by_commas(request.headers.get("accept", ""))]
    return request.url.path.endswith(".csv") or (CSV in accepted and "application/json" not in accepted)


def column_name(column: str) -> str:
    """What a column is called in a file."""
    *_, last = column.split(".")
    return last if last.isidentifier() else column.replace(".", "")


def cell_of(row: Row, column: str) -> Any:
    """What a row has in a column; None where it, or an object on the way to it, is not there."""
    value: Any = row
    for name in column.split("."):
        value = None if value is None else value.get(name)
    return value


def _csv(table: Table) -> str:
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(map(column_name, table.columns))
    writer.writerows([_cell(cell_of(row, column)) for column in table.columns] for row in table.rows)
    return out.getvalue()


def _cell(value: Any) -> object:
    """Text that a spreadsheet would take for a formula begins with a quote; numbers are themselves."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, dict)):
        return orjson.dumps(value).decode()
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
