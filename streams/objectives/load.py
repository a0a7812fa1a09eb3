"""Objectives from a file: bytes -> OpenSLO objects -> the domain."""

from pathlib import Path
from typing import Final

from streams.evaluation.objective import Objective
from streams.objectives.bind import bind
from streams.objectives.defect import Defect, InvalidObjectivesError
from streams.objectives.document import MAX_BYTES
from streams.objectives.spec import read_spec

SHIPPED: Final = Path(__file__).with_name("default.yaml")


def load_objectives(path: Path | None = None) -> tuple[Objective, ...]:
    """The objectives of an OpenSLO v1 file, in the order its SLOs name them; None: those shipped.

    Raises:
        InvalidObjectivesError: the file cannot be used; its message names every problem with file, line and field.
    """
    file = path or SHIPPED
    try:
        with file.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        reason = f"cannot be read ({error.strerror}); give the path of an OpenSLO v1 file"
        raise InvalidObjectivesError(str(file), [Defect(0, "", reason)]) from None
    spec, problems = read_spec(raw)
    objectives, misfits = bind(spec)
    if problems or misfits:
        raise InvalidObjectivesError(str(file), problems + misfits)
    return objectives
