"""YAML text -> nodes, as far as files of settings have a use for: no aliases, no deep nesting, tabs where they may be.

PyYAML 6 knows no tabs between tokens. YAML 1.2 does: they separate like spaces, and only indent nothing.
"""

from typing import Final

import yaml

_MAX_DEPTH: Final = 30  # OpenSLO nests 10 deep; the parser recurses, so depth must be bounded
_LINE_ENDS: Final = "\0\r\n\x85\u2028\u2029"


class Composer(yaml.SafeLoader):
    """For `yaml.compose_all`."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """As PyYAML's own, but bounded.

        Raises:
            ComposerError: an alias, or nested too deep.
        """
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        if self.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "aliases (*name) are not supported, write it out", mark)
        if self._depth == _MAX_DEPTH:
            raise yaml.composer.ComposerError(None, None, f"nested deeper than {_MAX_DEPTH} levels", mark)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def scan_to_next_token(self) -> None:
        """Go on behind spaces, comments, line breaks, and behind tabs that indent nothing."""
        super().scan_to_next_token()
        while self.peek() == "\t" and (self.flow_level or not self._is_indentation()):
            self.forward()
            super().scan_to_next_token()

    def scan_plain_spaces(self, indent: int, start_mark: yaml.Mark) -> list[str]:
        """What lies between the words of a plain text; tabs inside of it are text, those behind it are not."""
        length = 0
        while self.peek(length) in " \t":
            length += 1
        between = self.prefix(length)
        self.forward(length)
        if self.peek() not in _LINE_ENDS:
            return [between] if between else []
        chunks = super().scan_plain_spaces(indent, start_mark)
        while self.column >= indent and self.peek() in " \t":
            self.forward()
        return list(chunks or ())

    def _is_indentation(self) -> bool:
        """Whether only white space lies before this tab on its line, and a token behind it."""
        before = self.buffer[: self.pointer]
        line = before[max(map(before.rfind, _LINE_ENDS)) + 1 :]
        if line.strip(" \t\ufeff"):
            return False
        length = 0
        while self.peek(length) in " \t":
            length += 1
        return self.peek(length) not in f"#{_LINE_ENDS}"
