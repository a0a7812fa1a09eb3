"""How a command comes to the targets of the notifier: a file that cannot be used ends it with every problem."""

from streams.cli.shared.failure import fail
from streams.notifier.assembly import targets_of
from streams.notifier.settings import NotifierSettings
from streams.notifier.target import Target
from streams.notifier.target_file import InvalidTargetsError


def targets_or_fail(settings: NotifierSettings) -> list[Target]:
    """The targets of SLO_TARGETS, none where it is not set."""
    try:
        return targets_of(settings)
    except InvalidTargetsError as problem:
        fail(str(problem), code=2)
