"""Tables for people: ids, dates and numbers stay whole at every width; what does not fit leaves, or moves below.

Where the columns are wider than the terminal, long text goes under its row, and then columns leave, those of the
highest rank first; the last line names them. One that is empty is not shown. On a pipe there is no width, so that
every row is one line, and every column is there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.text import Text

from streams.cli.shared.text import is_piped

GAP: Final = Text("  ")
"""What stands between two fields."""

_BELOW: Final = 4  # columns that text under a row is set in
_NARROWEST: Final = 20  # columns for text under a row, however narrow the terminal is


@dataclass(frozen=True, slots=True)
class Column:
    """`rank`: 0 stays, the highest leaves first. `is_long`: text that may go below its row."""

    header: str
    rank: int = 0
    is_number: bool = False
    is_long: bool = False


class Table:
    """Rows of cells, each of one line."""

    def __init__(self, *columns: Column, title: str | None = None) -> None:
        self._columns = columns
        self._title = title
        self._rows: list[list[Text]] = []

    def add(self, *cells: str | Text) -> None:
        """A row; cells that are missing at its end are empty."""
        texts = [cell if isinstance(cell, Text) else Text(cell) for cell in cells]
        self._rows.append(texts + [Text()] * (len(self._columns) - len(texts)))

    def print(self, out: Console, indent: int = 0) -> None:
        """Print it, as wide as the console."""
        width = None if is_piped(out) else out.width - indent
        for line in self._lines(width):
            line.pad_left(indent)
            line.rstrip()
            out.print(line, soft_wrap=True)

    def _lines(self, width: int | None) -> Iterable[Text]:
        shown, below, gone = self._fitted(width)
        if self._title is not None:
            yield Text(self._title, "bold")
        yield self._line([Text(self._columns[at].header, "dim") for at in shown], shown)
        for row in self._rows:
            yield self._line([row[at] for at in shown], shown)
            yield from _indented(flow([row[at] for at in below if row[at]], max(_NARROWEST, (width or 0) - _BELOW)))
        if gone:
            names = ", ".join(self._columns[at].header for at in gone)
            yield Text(f"(a wider terminal also shows: {names})", "dim")

    def _fitted(self, width: int | None) -> tuple[list[int], list[int], list[int]]:
        """Which columns are shown, which go below their rows, which leave; by their place."""
        shown = list(range(len(self._columns)))
        if width is None:
            return shown, [], []
        shown = [at for at in shown if not self._columns[at].rank or any(row[at] for row in self._rows)]
        if self._width(shown) <= width:
            return shown, [], []
        below = [at for at in shown if self._columns[at].is_long]
        shown = [at for at in shown if at not in below]
        gone: list[int] = []
        while self._width(shown) > width:
            worst = max(shown, key=lambda at: self._columns[at].rank)
            if not self._columns[worst].rank:
                break
            shown.remove(worst)
            gone.append(worst)
        return shown, below, sorted(gone)

    def _width(self, shown: Sequence[int]) -> int:
        return sum(map(self._column_width, shown)) + len(GAP) * (len(shown) - 1)

    def _column_width(self, at: int) -> int:
        return max(len(self._columns[at].header), *(row[at].cell_len for row in self._rows), 0)

    def _line(self, cells: Sequence[Text], shown: Sequence[int]) -> Text:
        padded = []
        for cell, at in zip(cells, shown, strict=True):
            aligned, rest = cell.copy(), self._column_width(at) - cell.cell_len
            (aligned.pad_left if self._columns[at].is_number else aligned.pad_right)(rest)
            padded.append(aligned)
        return GAP.join(padded)


def print_facts(out: Console, facts: Sequence[tuple[str | Text, str | Text]], indent: int = 0) -> None:
    """Names and what is said of them, side by side; a name may be empty, as its fact goes on with the one before."""
    names = max(len(name) for name, _ in facts) + len(GAP)
    width = None if is_piped(out) else max(_NARROWEST, out.width - indent - names)
    for name, fact in facts:
        text = fact if isinstance(fact, Text) else Text(fact)
        for number, line in enumerate([text] if width is None else _words(text, width)):
            head = Text() if number else name.copy() if isinstance(name, Text) else Text(name, "dim")
            head.pad_left(indent)
            head.pad_right(indent + names - head.cell_len)
            out.print(head + line, soft_wrap=True)


def flow(fields: Sequence[Text], width: int) -> list[Text]:
    """Fields side by side in lines of a width: broken between fields, inside one only between its words."""
    lines: list[Text] = []
    for field in fields:
        if lines and lines[-1].cell_len + len(GAP) + field.cell_len <= width:
            lines[-1] = GAP.join((lines[-1], field))
        elif field.cell_len <= width:
            lines.append(field.copy())
        else:
            lines += _words(field, width)
    return lines


def _words(text: Text, width: int) -> list[Text]:
    """A text in lines of a width; a word that is wider has a line of its own, whole."""
    lines: list[Text] = []
    for word in text.split(" "):
        if lines and lines[-1].cell_len + 1 + word.cell_len <= width:
            lines[-1] = Text(" ").join((lines[-1], word))
        else:
            lines.append(word)
    return lines


def _indented(lines: Iterable[Text]) -> Iterable[Text]:
    for line in lines:
        line.pad_left(_BELOW)
        yield line
