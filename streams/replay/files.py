"""The files of a log: opened so that they can be gone through more than once, and line by line in some order."""

import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, Final, NamedTuple

import orjson

_UTF8_MARK: Final = b"\xef\xbb\xbf"
_OTHERS: Final = {
    b"\x1f\x8b": "is compressed with gzip; give it unpacked, for example: zcat FILE | slo-streams replay",
    b"\x28\xb5\x2f\xfd": "is compressed with zstd; give it unpacked, for example: zstdcat FILE | slo-streams replay",
    b"BZh": "is compressed with bzip2; give it unpacked, for example: bzcat FILE | slo-streams replay",
    b"\xff\xfe": "is UTF-16; save it as UTF-8",
    b"\xfe\xff": "is UTF-16; save it as UTF-8",
}
"""First bytes of a file that is something else."""
_KCAT: Final = """is a dump of kcat -J, where the value is called "payload" and the timestamp "ts". Turn it first:
jq -c '{topic, partition, offset, timestamp: .ts, key, value: .payload,
  headers: ((.headers // []) as $h | [range(0; $h | length; 2) | $h[.:. + 2]])}' FILE | slo-streams replay"""


class UnreadableFileError(ValueError):
    """A file that is no log as `replay` reads it; the message says what it is, and what to do."""


class Line(NamedTuple):
    """A line and where it stands, counted from 1."""

    file: str
    number: int
    text: bytes


@dataclass(frozen=True, slots=True)
class LogFile:
    """A part of the log."""

    name: str
    stream: BinaryIO
    size: int

    def lines(self) -> Iterator[Line]:
        """All lines that are not blank, from the first one on."""
        for number, line in enumerate(self._from_start(), start=1):
            if not line.isspace():
                yield Line(self.name, number, line)

    def places(self) -> Iterator[tuple[int, Line]]:
        """Records, each with its position in the file, for `line_at`."""
        position = self._from_start().tell()
        for number, line in enumerate(self.stream, start=1):
            if not line.isspace():
                yield position, Line(self.name, number, line)
            position += len(line)

    def line_at(self, position: int) -> bytes:
        """The line that begins there."""
        self.stream.seek(position)
        return self.stream.readline()

    def _from_start(self) -> BinaryIO:
        self.stream.seek(0)
        if self.stream.read(len(_UTF8_MARK)) != _UTF8_MARK:
            self.stream.seek(0)
        return self.stream


def open_log(paths: Sequence[Path], opened: ExitStack) -> list[LogFile]:
    """The files, or standard input for `-` and for none, kept aside where it cannot be read twice.

    Raises:
        OSError: a file cannot be read.
        UnreadableFileError: a file is something else.
    """
    return [_open(path, opened) for path in paths or [Path("-")]]


def _open(path: Path, opened: ExitStack) -> LogFile:
    stream: BinaryIO
    if str(path) == "-":
        name, stream = "standard input", opened.enter_context(TemporaryFile())  # noqa: SIM115 - closed with the stack
        shutil.copyfileobj(sys.stdin.buffer, stream)
        size = stream.tell()
    else:
        name, stream, size = str(path), opened.enter_context(path.open("rb")), path.stat().st_size
    file = LogFile(name, stream, size)
    _refuse_others(file)
    return file


def _refuse_others(file: LogFile) -> None:
    file.stream.seek(0)
    start = file.stream.read(8)
    for mark, what in _OTHERS.items():
        if start.startswith(mark):
            raise UnreadableFileError(f"{file.name} {what}")
    first = next(file.lines(), None)
    try:
        document = orjson.loads(first.text) if first else None
    except orjson.JSONDecodeError:
        return
    if isinstance(document, dict) and "payload" in document and "value" not in document:
        raise UnreadableFileError(f"{file.name} {_KCAT}")


def in_order_of_time(files: Sequence[LogFile], time_of: Callable[[Line], int | None]) -> Iterator[Line]:
    """The lines of all files by time, epoch ms; where that is equal, as they lie. One without a time stays where it is.

    Of each line its time and place are kept in memory, not the line.
    """
    placed: list[tuple[int, int, int, int]] = []
    time_ms = 0
    for at, file in enumerate(files):
        for position, line in file.places():
            said_ms = time_of(line)
            time_ms = time_ms if said_ms is None else said_ms
            placed.append((time_ms, at, position, line.number))
    placed.sort()
    for _, at, position, number in placed:
        yield Line(files[at].name, number, files[at].line_at(position))


def one_after_the_other(files: Iterable[LogFile]) -> Iterator[Line]:
    """The lines of all files as they lie."""
    for file in files:
        yield from file.lines()
