"""Lists as people keep them in files: YAML, a JSON array, or JSON one object a line; every item with its line."""

import json
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson
import yaml

MAX_BYTES: Final = 64 * 1024 * 1024  # a hundred thousand apps; a larger file is not such a list
_NDJSON: Final = (".ndjson", ".jsonl")
_WHITE: Final = " \t\r\n"


class UnreadableListError(Exception):
    """The file cannot be read as a list; the message begins with its name."""


class Item(NamedTuple):
    """One item of a list, and the line it begins in, from 1."""

    line: int
    value: Any


def read_list(path: Path) -> list[Item]:
    """The items of a file in their order, at least one: `.json` an array, `.ndjson` or `.jsonl` one a line, else YAML.

    Raises:
        UnreadableListError: it cannot be read, is not that format, or is no list of anything.
    """
    read = _ndjson if path.suffix in _NDJSON else _json if path.suffix == ".json" else _yaml
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UnreadableListError(f"{path}: larger than {MAX_BYTES:,} bytes")
        items = read(path.read_bytes())
    except OSError as error:
        raise UnreadableListError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise UnreadableListError(f"{path}: not readable: {' '.join(str(error).split())}") from None
    if not items:
        raise UnreadableListError(f"{path}: must be a list of one item or more")
    return items


def _ndjson(content: bytes) -> list[Item]:
    items = []
    for number, line in enumerate(content.split(b"\n"), start=1):
        if line.strip():
            try:
                items.append(Item(number, orjson.loads(line)))
            except orjson.JSONDecodeError as error:
                raise ValueError(f"line {number}: {error}") from None
    return items


def _json(content: bytes) -> list[Item]:
    if not isinstance(orjson.loads(content), list):
        return []
    # Known to be strict JSON; read once more item by item, for their places.
    text, decoder, items = content.decode(), json.JSONDecoder(), list[Item]()
    line, counted, at = 1, 0, _next(text, text.index("[") + 1)
    while text[at] != "]":
        line, counted = line + text.count("\n", counted, at), at
        value, end = decoder.raw_decode(text, at)
        items.append(Item(line, value))
        at = _next(text, end)
        if text[at] == ",":
            at = _next(text, at + 1)
    return items


def _next(text: str, at: int) -> int:
    while text[at] in _WHITE:
        at += 1
    return at


def _yaml(content: bytes) -> list[Item]:
    loader = yaml.SafeLoader(content)
    try:
        root = loader.get_single_node()
        if not isinstance(root, yaml.SequenceNode):
            return []
        return [Item(node.start_mark.line + 1, loader.construct_document(node)) for node in root.value]
    finally:
        loader.dispose()
