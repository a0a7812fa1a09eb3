"""YAML, or JSON, as it was written: plain data with every scalar as its text, and the line of every field.

Numbers stay text, so `0.999` never passes through a binary float. What YAML allows but such a file has no use for
is refused, because it could hide a mistake or blow up: aliases, tags, a key given twice, deep nesting.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

import yaml

from streams.documents.composer import Composer
from streams.documents.remark import Remark

MAX_BYTES: Final = 1_000_000  # thousands of objectives or targets; nobody writes a larger file by hand
_STANDARD_TAGS: Final = {
    f"tag:yaml.org,2002:{name}"
    for name in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq", "merge", "value")
}

FieldPath: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """One object of a file: nested dict, list, str and None, and the 1-based line where each path starts."""

    file: str
    data: object
    lines: Mapping[FieldPath, int]

    def remark(self, path: FieldPath, sentence: str) -> Remark:
        """Something to say at `path`; a field that is not there is placed at the nearest one around it."""
        known = path
        while known not in self.lines:
            known = known[:-1]
        return Remark(self.file, self.lines[known], _spelled(path), sentence)

    @property
    def words(self) -> frozenset[str]:
        """Every scalar of the document, as text."""
        return frozenset(_scalars(self.data))


def bytes_of(file: Path, advice: str) -> tuple[bytes, list[Remark]]:
    """What a file holds, no more than shows that it is too large; or why it cannot be read, with the `advice`."""
    try:
        with file.open("rb") as stream:
            return stream.read(MAX_BYTES + 1), []
    except OSError as error:
        return b"", [Remark(str(file), 0, "", f"cannot be read ({error.strerror}); {advice}")]


def read_documents(file: str, raw: bytes, *, if_empty: str) -> tuple[list[Document], list[Remark]]:
    """The objects of a file, and what keeps it from being read as a whole.

    Each is a document of its own, or an item of a list. `if_empty` says what to write into a file that has none.
    """
    if len(raw) > MAX_BYTES:
        return [], [Remark(file, 0, "", f"is larger than {MAX_BYTES:,} bytes; such a file is a few kilobytes")]
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return [], [Remark(file, line, "", "is not UTF-8 text; save the file as UTF-8")]
    try:
        roots = [root for root in yaml.compose_all(text, Loader=Composer) if not _is_null(root)]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = f"cannot be read as YAML: {error.problem or error.context}"
        return [], [Remark(file, mark.line + 1 if mark else 0, "", said)]
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        said = f"cannot be read as YAML: the character U+{error.character:04X} is not allowed"
        return [], [Remark(file, line, "", said)]
    problems: list[Remark] = []
    objects = [item for root in roots for item in _items(root)]
    if not objects:
        problems.append(Remark(file, 1, "", f"is empty; {if_empty}"))
    return [_document(file, root, problems) for root in objects], problems


def _items(root: yaml.Node) -> list[yaml.Node]:
    return list(root.value) if isinstance(root, yaml.SequenceNode) else [root]


def _document(file: str, root: yaml.Node, problems: list[Remark]) -> Document:
    reading = _Reading(file, problems)
    return Document(file, reading.plain(root, (), _line(root)), reading.lines)


@dataclass(frozen=True, slots=True)
class _Reading:
    """Nodes -> plain data, with the lines and the problems met on the way."""

    file: str
    problems: list[Remark]
    lines: dict[FieldPath, int] = field(default_factory=dict)

    def plain(self, node: yaml.Node, path: FieldPath, line: int) -> object:
        self.lines[path] = line
        if node.tag not in _STANDARD_TAGS:
            self._blame(line, path, f"the YAML tag {node.tag!r} is not supported; remove it")
        if isinstance(node, yaml.SequenceNode):
            return [self.plain(item, (*path, at), _line(item)) for at, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            mapping: dict[str, object] = {}
            for key, value in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    self._blame(_line(key), path, "a field name must be plain text")
                elif key.value in mapping:
                    self._blame(_line(key), (*path, key.value), "is given twice; keep one")
                else:
                    mapping[key.value] = self.plain(value, (*path, key.value), _line(key))
            return mapping
        return None if _is_null(node) else _joined(node.value)

    def _blame(self, line: int, path: FieldPath, sentence: str) -> None:
        self.problems.append(Remark(self.file, line, _spelled(path), sentence))


def _joined(text: str) -> str:
    """The text with surrogate pairs as the letters they are: JSON writes an emoji as two escapes."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _is_null(node: yaml.Node) -> bool:
    return bool(node.tag == "tag:yaml.org,2002:null")


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _spelled(path: FieldPath) -> str:
    """The path as one printable line, whatever the keys of the file hold."""
    return "".join(
        f"[{part}]" if isinstance(part, int) else f".{part if part.isprintable() else repr(part)}" for part in path
    ).removeprefix(".")


def _scalars(data: object) -> Iterator[str]:
    if isinstance(data, dict):
        for value in data.values():
            yield from _scalars(value)
    elif isinstance(data, list):
        for item in data:
            yield from _scalars(item)
    elif isinstance(data, str):
        yield data
