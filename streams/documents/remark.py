"""What there is to say about a place in a file: a fault, or what was read and is not used."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Remark:
    """One sentence about one place.

    `line` counts from 1 and is 0 when the file as a whole is meant; `field` is the path inside the document
    (`spec.objectives[0].target`), empty when no field is meant.
    """

    file: str
    line: int
    field: str
    sentence: str

    def __str__(self) -> str:
        """As editors and terminals link it: `file:line: field: sentence`."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (place, self.field, self.sentence) if part)


class InvalidFileError(Exception):
    """A file cannot be used; the message has one line for every fault, in the order of the files."""

    def __init__(self, faults: Iterable[Remark]) -> None:
        self.problems = tuple(sorted(set(faults)))
        super().__init__("\n".join(map(str, self.problems)))
