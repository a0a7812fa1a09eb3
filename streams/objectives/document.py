"""YAML as it was written: plain data with every scalar as its text, and the line of every field.

Numbers stay text, so `0.999` never passes through a binary float. What YAML allows but an objectives file has no
use for is refused, because it could hide a mistake or blow up: aliases, tags, a key given twice, deep nesting.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import yaml

from streams.objectives.defect import Defect

MAX_BYTES: Final = 1_000_000  # thousands of objectives; a larger file is not an objectives file
_MAX_DEPTH: Final = 30  # OpenSLO nests 10 deep; the parser recurses, so depth must be bounded
_STANDARD_TAGS: Final = {
    f"tag:yaml.org,2002:{name}"
    for name in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq", "merge", "value")
}

FieldPath: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document: nested dict, list, str and None, and the 1-based line where each path starts."""

    data: object
    lines: Mapping[FieldPath, int]

    def problem(self, path: FieldPath, sentence: str) -> Defect:
        """A problem at `path`; a field that is not there is placed at the nearest one around it."""
        known = path
        while known not in self.lines:
            known = known[:-1]
        return Defect(self.lines[known], _spelled(path), sentence)

    @property
    def words(self) -> frozenset[str]:
        """Every scalar of the document, as text."""
        return frozenset(_scalars(self.data))


def read_documents(raw: bytes) -> tuple[list[Document], list[Defect]]:
    """The non-empty documents of a YAML file, and what keeps it from being read as a whole."""
    if len(raw) > MAX_BYTES:
        return [], [Defect(0, "", f"is larger than {MAX_BYTES:,} bytes; an objectives file is a few kilobytes")]
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return [], [Defect(raw.count(b"\n", 0, error.start) + 1, "", "is not UTF-8 text; save the file as UTF-8")]
    problems: list[Defect] = []
    try:
        roots = [root for root in yaml.compose_all(text, Loader=_Composer) if not _is_null(root)]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return [], [
            Defect(mark.line + 1 if mark else 0, "", f"cannot be read as YAML: {error.problem or error.context}")
        ]
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        return [], [Defect(line, "", f"cannot be read as YAML: the character U+{error.character:04X} is not allowed")]
    if not roots:
        problems.append(Defect(1, "", "is empty; write at least one SLO and the AlertPolicy it names"))
    return [_document(root, problems) for root in roots], problems


class _Composer(yaml.SafeLoader):
    """Text -> nodes, without aliases and without deep nesting."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        if self.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "aliases (*name) are not supported, write it out", mark)
        if self._depth == _MAX_DEPTH:
            raise yaml.composer.ComposerError(None, None, f"nested deeper than {_MAX_DEPTH} levels", mark)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def _document(root: yaml.Node, problems: list[Defect]) -> Document:
    lines: dict[FieldPath, int] = {}
    return Document(_plain(root, (), _line(root), lines, problems), lines)


def _plain(node: yaml.Node, path: FieldPath, line: int, lines: dict[FieldPath, int], problems: list[Defect]) -> object:
    lines[path] = line
    if node.tag not in _STANDARD_TAGS:
        problems.append(Defect(line, _spelled(path), f"the YAML tag {node.tag!r} is not supported; remove it"))
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*path, at), _line(item), lines, problems) for at, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, object] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                problems.append(Defect(_line(key), _spelled(path), "a field name must be plain text"))
            elif key.value in mapping:
                problems.append(Defect(_line(key), _spelled((*path, key.value)), "is given twice; keep one"))
            else:
                mapping[key.value] = _plain(value, (*path, key.value), _line(key), lines, problems)
        return mapping
    return None if _is_null(node) else node.value


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
