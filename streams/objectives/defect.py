"""What is wrong with an objectives file, said where it is wrong."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Defect:
    """One reason a file is refused.

    `line` counts from 1 and is 0 when the file as a whole is meant; `field` is the path inside the document
    (`spec.objectives[0].target`), empty when no field is to blame.
    """

    line: int
    field: str
    sentence: str

    def located(self, file: str) -> str:
        """The problem as editors and terminals link it: `file:line: field: sentence`."""
        place = f"{file}:{self.line}" if self.line else file
        return ": ".join(part for part in (place, self.field, self.sentence) if part)


class InvalidObjectivesError(Exception):
    """An objectives file cannot be used; the message has one line for every problem, in the order of the file."""

    def __init__(self, file: str, problems: Iterable[Defect]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(problem.located(file) for problem in self.problems))
