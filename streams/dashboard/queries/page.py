"""Lists in pages: each ends with a cursor, from behind which the next one begins, whatever came or went between."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from streams.web.problem import Problem, ProblemError

MOST: Final = 1_000
USUAL: Final = 50

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


def page_of(rows: list[Any], limit: int, order: str, key: Callable[[Any], Key], item: Callable[[Any], Any]) -> Page:
    """A page of rows of which one more than the limit was asked for."""
    shown = rows[:limit]
    return Page([item(row) for row in shown], cursor_of(order, key(shown[-1])) if len(rows) > limit else None)
