"""Is the consumer group seen, is somebody in it, and does it keep up?"""

from typing import Final

from aiokafka.errors import (
    GroupAuthorizationFailedError,
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    NotCoordinatorForGroupError,
)

from streams.doctor.finding import Finding, ok, problem, warning
from streams.kafka.cluster import admin_client
from streams.kafka.groups import group_state
from streams.kafka.progress import progress_reader
from streams.plural import number_of
from streams.settings import Settings

# Records to read beyond which a group is told to lag: about a second's work of one worker, with room for a commit.
_LAG: Final = 100_000


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
        except GroupAuthorizationFailedError as error:
            said = f"cannot be described: {type(error).__name__}: {error}"
            return problem(subject, said, f"Allow Read and Describe on group {settings.application_id}.")
        except COORDINATOR_IS_NOT_READY:
            return not_ready(subject)
    lag = sum(one.lag for partitions in progress.values() for one in partitions)
    said = f"{number_of(members, 'worker')} ({state or 'never seen'}), {number_of(lag, 'record')} to read"
    if members == 0 and lag:
        return warning(subject, said, "Nobody reads: start slo-streams worker.")
    if lag > _LAG:
        return warning(subject, said, "It lags: slo-streams status shows where; start more workers.")
    return ok(subject, said)
