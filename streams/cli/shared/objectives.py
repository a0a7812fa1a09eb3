"""The objectives of the settings, for commands that end where they cannot be used."""

from streams.cli.shared.failure import fail
from streams.objectives import InvalidObjectivesError, read_objectives
from streams.objectives.bind import Objectives
from streams.settings import Settings


def objectives_or_fail(settings: Settings) -> Objectives:
    """What the files say that `SLO_OBJECTIVES` names; with faults in them the command ends with exit code 2."""
    try:
        return read_objectives(settings.objectives)
    except InvalidObjectivesError as problem:
        fail(str(problem), code=2)
