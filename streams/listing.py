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


class _GivenTwiceError(ValueError):
    """A field stands twice in one object: one of the two would be passed over without a word."""

    def __init__(self, line: int | None, name: object) -> None:
        super().__init__(f"{'' if line is None else f'line {line}: '}{name} is given twice; keep one")


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
                orjson.loads(line)  # the judge of what is JSON; it does not tell what is given twice
                items.append(Item(number, _DECODER.decode(line.decode())))
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from None
    return items


def _json(content: bytes) -> list[Item]:
    if not isinstance(orjson.loads(content), list):
        return []
    # Known to be strict JSON; read once more item by item, for their places.
    text, items = content.decode(), list[Item]()
    line, counted, at = 1, 0, _next(text, text.index("[") + 1)
    while text[at] != "]":
        line, counted = line + text.count("\n", counted, at), at
        try:
            value, end = _DECODER.raw_decode(text, at)
        except _GivenTwiceError as error:
            raise ValueError(f"line {line}: {error}") from None
        items.append(Item(line, value))
        at = _next(text, end)
        if text[at] == ",":
            at = _next(text, at + 1)
    return items


def _next(text: str, at: int) -> int:
    while text[at] in _WHITE:
        at += 1
    return at


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _GivenTwiceError(None, next(name for name in names if names.count(name) > 1))
    return found


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_object)


def _refuse_repeated(root: yaml.Node) -> None:
    """Each node once: what aliases stand for many times is looked at one time."""
    nodes, seen = [root], set[int]()
    while nodes:
        node = nodes.pop()
        if id(node) in seen or isinstance(node, yaml.ScalarNode):
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            nodes += node.value
            continue
        names = [key.value for key, _ in node.value]
        for at, (key, value) in enumerate(node.value):
            if key.value in names[:at]:
                raise _GivenTwiceError(key.start_mark.line + 1, key.value)
            nodes.append(value)


def _yaml(content: bytes) -> list[Item]:
    loader = yaml.SafeLoader(content)
    try:
        root = loader.get_single_node()
        if not isinstance(root, yaml.SequenceNode):
            return []
        _refuse_repeated(root)
        return [Item(node.start_mark.line + 1, loader.construct_document(node)) for node in root.value]
    finally:
        loader.dispose()
