"""Answers of the API: JSON, and of every table CSV for whoever asks for it by `Accept: text/csv` or `.csv`."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from typing import Any, Final

import orjson
from fastapi import Request, Response
from starlette.datastructures import URL

from streams.commas import by_commas

CSV: Final = "text/csv"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")

Row = Mapping[str, Any]


def json_answer(document: object) -> Response:
    """A document."""
    return Response(orjson.dumps(document), media_type="application/json")


def table_answer(request: Request, document: dict[str, Any], rows: Iterable[Row], columns: Sequence[str]) -> Response:
    """A document, or its rows as CSV; the next page of those is named by a Link header (RFC 8288).

    A column is the name of a field; `burn.1h` is that of a field of an object.
    """
    if not wants_csv(request):
        answer = json_answer(document)
    else:
        answer = Response(_csv(rows, columns), media_type=f"{CSV}; charset=utf-8")
        if document.get("next") is not None:
            url = URL(scope=request.scope).include_query_params(cursor=document["next"])
            answer.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
    answer.headers["Vary"] = "Accept"
    return answer


def wants_csv(request: Request) -> bool:
    """Whether a table is asked for as CSV."""
    accepted = [part.partition(";")[0].strip().lower() for part in by_commas(request.headers.get("accept", ""))]
    return request.url.path.endswith(".csv") or (CSV in accepted and "application/json" not in accepted)


def _csv(rows: Iterable[Row], columns: Sequence[str]) -> str:
    out = StringIO()
    writer = csv.writer(out)
    paths = [name.split(".") for name in columns]
    writer.writerow([path[-1] if path[-1].isidentifier() else "".join(path) for path in paths])
    writer.writerows([_cell(_at(row, path)) for path in paths] for row in rows)
    return out.getvalue()


def _at(row: Row, path: Sequence[str]) -> Any:
    value: Any = row
    for name in path:
        value = None if value is None else value.get(name)
    return value


def _cell(value: Any) -> object:
    """Text that a spreadsheet would take for a formula begins with a quote; numbers are themselves."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, dict)):
        return orjson.dumps(value).decode()
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
