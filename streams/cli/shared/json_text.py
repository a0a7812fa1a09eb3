"""What programs read: one JSON document on standard output."""

import sys
from typing import Any

import orjson


def print_json(document: Any) -> None:
    """Write a document, indented, with a line's end."""
    sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
