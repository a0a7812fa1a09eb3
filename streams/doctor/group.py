"""Is the consumer group seen, is somebody in it, and does it keep up?"""

from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    NotCoordinatorForGroupError,
)

from streams.doctor.finding import Finding, ok, problem, warning
from streams.kafka.cluster import admin_client
from streams.kafka.commit_mark import commit_mark
from streams.kafka.groups import committed_offsets, group_state
from streams.kafka.progress import progress_reader
from streams.names import name_of
from streams.plural import number_of
from streams.settings import Settings

# Records to read beyond which a group is told to lag: about a second's work of one worker, with room for a commit.
_LAG: Final = 100_000
_NAMED: Final = 5  # partitions in one sentence


# A new broker sets up its first group, or one has just taken the group over.
COORDINATOR_IS_NOT_READY: Final = (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    NotCoordinatorForGroupError,
)


def not_ready(subject: str) -> Finding:
    """Nothing can be told of the group by now."""
    return warning(subject, "its coordinator is not ready yet", "Run doctor again in some seconds.")


async def check_group(settings: Settings) -> Finding:
    """How the workers' consumer group is.

    Raises:
        KafkaError: the brokers do not answer.
    """
    subject = f"group {settings.application_id}"
    async with progress_reader(settings) as reader:
        try:
            progress = await reader.read_when_ready()
            async with admin_client(settings) as admin:
                state, members = await group_state(admin, settings.application_id)
                foreign = await _committed_by_others(admin, settings)
        except GroupAuthorizationFailedError as error:
            said = f"cannot be described: {type(error).__name__}: {error}"
            return problem(subject, said, f"Allow Read and Describe on group {settings.application_id}.")
        except COORDINATOR_IS_NOT_READY:
            return not_ready(subject)
    lag = sum(one.lag for partitions in progress.values() for one in partitions)
    said = f"{number_of(members, 'worker')} ({state or 'never seen'}), {number_of(lag, 'record')} to read"
    if foreign:
        names = ", ".join(foreign[:_NAMED]) + (" and more" if len(foreign) > _NAMED else "")
        advice = "Find out who it is: while it is in the group, it is given partitions that no worker judges."
        return warning(subject, f"{said}; somebody else has committed {names} in it", advice)
    if members == 0 and lag:
        return warning(subject, said, "Nobody reads: start slo-streams worker.")
    if lag > _LAG:
        return warning(subject, said, "It lags: slo-streams status shows where; start more workers.")
    return ok(subject, said)


async def _committed_by_others(admin: AIOKafkaAdminClient, settings: Settings) -> list[str]:
    """Partitions whose newest offset in the group is not of this application."""
    committed = await committed_offsets(admin, settings.application_id)
    marks = {tp: commit_mark(stored.metadata) for tp, stored in committed.items()}
    foreign = [tp for tp, mark in marks.items() if mark is None or mark.application != settings.application_id]
    return [name_of(*tp) for tp in sorted(foreign)]
