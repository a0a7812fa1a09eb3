"""JSON as the standard library reads it, held to RFC 8259: no NaN, UTF-8 alone, and at most so deep."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

MAX_DEPTH = 1_024


class NotJSONError(ValueError):
    """Not JSON by its grammar, or nested too deep."""


def read_json(raw: bytes) -> Any:
    """The value; half a surrogate pair stays one, a number beyond a double is infinite.

    Raises:
        NotJSONError: there is none.
    """
    try:
        written = raw.decode()
        if depth(written) > MAX_DEPTH:
            raise NotJSONError("too deep")
        with room_for(MAX_DEPTH):
            return json.loads(written, parse_constant=_refuse, parse_int=_integer)
    except ValueError as problem:
        raise NotJSONError(str(problem)) from problem


def depth(written: str) -> int:
    """How many arrays and objects are open at most, whatever stands inside of texts."""
    deepest = level = 0
    letters = iter(written)
    for letter in letters:
        if letter == '"':
            _skip_text(letters)
        elif letter in "[{":
            level += 1
            deepest = max(deepest, level)
        elif letter in "]}":
            level -= 1
    return deepest


def _skip_text(letters: Iterator[str]) -> None:
    for letter in letters:
        if letter == "\\":
            next(letters, None)
        elif letter == '"':
            return


@contextmanager
def room_for(levels: int) -> Iterator[None]:
    """The standard library calls itself for every level."""
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(usual + 2 * levels)
    try:
        yield
    finally:
        sys.setrecursionlimit(usual)


def _refuse(name: str) -> None:
    raise NotJSONError(f"{name} is no JSON")


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) < 4_000 else float(digits)
