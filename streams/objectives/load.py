"""Objectives from files: bytes -> OpenSLO objects -> the domain."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from streams.commas import by_commas
from streams.documents.document import bytes_of
from streams.documents.remark import InvalidFileError, Remark
from streams.evaluation.objective import Objective
from streams.objectives.bind import Objectives, bind
from streams.objectives.spec import read_spec

_DIRECTORY: Final = Path(__file__).parent
SHIPPED: Final = {file.stem: file for file in sorted(_DIRECTORY.glob("*.yaml"))}
"""The files that come with the product, by the name they are asked for."""

DEFAULT: Final = "default"

Source = str | Path | None
"""Shipped names and paths of files, separated by commas; one path; None: the default."""


class InvalidObjectivesError(InvalidFileError):
    """Objectives cannot be used."""


def read_objectives(source: Source = None) -> Objectives:
    """What some files say, together: an SLO of one may name a policy of another.

    Raises:
        InvalidObjectivesError: they cannot be used; its message names every problem with file, line and field.
    """
    files, problems = list[tuple[str, bytes]](), list[Remark]()
    for file in _files(source):
        raw, unread = bytes_of(file, f"give the path of an OpenSLO v1 file, or {_shipped()}")
        files.append((str(file), raw))
        problems += unread
    if problems:
        raise InvalidObjectivesError(problems)
    return objectives_of(files)


def objectives_of(files: Sequence[tuple[str, bytes]]) -> Objectives:
    """The same of what has been read: names of files and what they hold.

    Raises:
        InvalidObjectivesError: as `read_objectives`.
    """
    spec, faults = read_spec(files)
    objectives, misfits = bind(spec)
    if faults or misfits:
        raise InvalidObjectivesError(faults + misfits)
    return objectives


def load_objectives(source: Source = None) -> tuple[Objective, ...]:
    """All objectives of some files, in the order their SLOs name them, whoever judges them.

    Raises:
        InvalidObjectivesError: as `read_objectives`.
    """
    return read_objectives(source).all


def _files(source: Source) -> Iterator[Path]:
    if isinstance(source, Path):
        yield source
    else:
        for name in by_commas(source or DEFAULT):
            yield SHIPPED.get(name) or Path(name)


def _shipped() -> str:
    return " or ".join(SHIPPED)
