"""Lists in pages: each ends with a cursor, from behind which the next one begins, whatever came or went between."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from streams.dashboard.database import View
from streams.web.problem import Problem, ProblemError

MOST: Final = 1_000
USUAL: Final = 50
_NEWEST: Final = "newest"

Key = Sequence[Any]
"""By what a list is ordered, and in the end by what no two rows share."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a list; `next` is None at its end."""

    items: list[dict[str, Any]]
    next: str | None


def cursor_of(order: str, key: Key) -> str:
    """Text that marks a place in a list that is ordered in this way."""
    return urlsafe_b64encode(orjson.dumps([order, *map(str, key)])).decode().rstrip("=")


def read_cursor(text: str, order: str, kinds: Sequence[Callable[[str], Any]]) -> list[Any]:
    """The key of such a place, of values of these kinds.

    Raises:
        ProblemError: BAD_REQUEST: it is no cursor of a list that is ordered in this way.
    """
    try:
        named, *parts = orjson.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        key = [kind(part) for kind, part in zip(kinds, parts, strict=True)]
        is_ours = named == order and not any("\0" in part for part in parts)
    except (ValueError, TypeError, AttributeError, RecursionError):
        is_ours = False
    if not is_ours:
        fault = "cursor: it is none of this list; take the one of `next`, and change no other parameter"
        raise ProblemError(Problem.BAD_REQUEST, fault=fault)
    return key


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuestion:
    """Which rows of a list: how many, and from where on; None: from its beginning."""

    cursor: str | None = None
    limit: int = USUAL


@dataclass(frozen=True, slots=True)
class NewestFirst:
    """A list from its newest row on, as one query.

    `key` gives the columns of its order, and the type of each; `conditions` what each field of a question, unless it
    is None, asks of a row.
    """

    key: Mapping[str, Callable[[str], Any]]
    conditions: Mapping[str, str]

    def page(
        self, view: View, query: str, question: ListQuestion, also: Sequence[str], item: Callable[[Any], Any]
    ) -> Page:
        """The rows of `query`, which ends before its `where`, that fulfil the question and all of `also`.

        Raises:
            ProblemError: BAD_REQUEST: the cursor.
        """
        values = {name: getattr(question, name) for name in self.conditions}
        asked = [*also, *(condition for name, condition in self.conditions.items() if values[name] is not None)]
        if question.cursor is not None:
            at = {f"at_{number}": value for number, value in enumerate(self._read(question.cursor))}
            values |= at
            asked.append(f"({', '.join(self.key)}) < ({', '.join(f'%({name})s' for name in at)})")
        order = ", ".join(f"{column} desc" for column in self.key)
        query = f"{query} where {' and '.join(asked)} order by {order} limit %(most)s"
        rows = view.rows(query, {**values, "most": question.limit + 1})
        names = [column.rpartition(".")[2] for column in self.key]
        return page_of(rows, question.limit, _NEWEST, lambda row: [row[name] for name in names], item)

    def _read(self, cursor: str) -> list[Any]:
        return read_cursor(cursor, _NEWEST, list(self.key.values()))


def page_of(rows: list[Any], limit: int, order: str, key: Callable[[Any], Key], item: Callable[[Any], Any]) -> Page:
    """A page of rows of which one more than the limit was asked for."""
    shown = rows[:limit]
    return Page([item(row) for row in shown], cursor_of(order, key(shown[-1])) if len(rows) > limit else None)
