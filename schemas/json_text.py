"""JSON by its grammar (RFC 8259), also where Python has no value for what is written.

Half a surrogate pair (`"\\ud83d"`) and a number beyond a double (`1e400`) are JSON, and readers in other languages take
them. Where nobody reads the field, they are no reason to refuse a record.
"""

import re
from math import isinf
from typing import Any, Final

import orjson

MAX_DEPTH: Final = 1_024
"""Levels of arrays and objects; orjson's own limit, whatever the stack of the caller."""

# A text without its end is a token, too: looked for from each of its quotes, the end would take quadratic time.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?+(\s*+:)?|-?[0-9][0-9.eE+-]*+', re.DOTALL)
_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?[0-9]++)?+")
_ESCAPE = re.compile(rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(u[dD][89a-fA-F]..)|.)", re.DOTALL)
_REPLACEMENT = rb"\ufffd"
_NO_VALUE = b"true"


def read_json(value: bytes) -> Any:
    """What is written, of a name that comes twice the last.

    A text with half a surrogate pair and a number beyond a double are `True`: no field of a record takes that.

    Raises:
        JSONDecodeError: not JSON by its grammar, not UTF-8, or nested deeper than `MAX_DEPTH`.
    """
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        mended = _TOKEN.sub(_mended, value)
        if mended == value:
            raise
    return orjson.loads(mended)


def _mended(token: re.Match[bytes]) -> bytes:
    """The token where orjson can read it, else a stand-in; what is no token by the grammar stays, to be refused."""
    written = token[0]
    if not written.startswith(b'"'):
        return _NO_VALUE if _NUMBER.fullmatch(written) and isinf(float(written)) else written
    whole = _ESCAPE.sub(lambda escape: _REPLACEMENT if escape[1] else escape[0], written)
    if whole == written or token[1]:
        return whole
    orjson.loads(whole)  # what else is wrong with the text must not be lost with it
    return _NO_VALUE
