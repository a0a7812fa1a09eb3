"""Before anything is taken over: whether this application may go on with what it has committed, and replace another."""

import asyncio
import time
from typing import Final

from streams.exits import START_OVER, RefusalError
from streams.kafka.cluster import admin_client
from streams.kafka.commit_mark import commit_mark
from streams.kafka.groups import committed_offsets, group_state
from streams.settings import Settings
from streams.tables.identity import OtherStateError

_RETRY_S: Final = 0.2


class StillAliveError(RefusalError):
    """The application that is to be replaced is still at work."""


async def check_applications(settings: Settings) -> None:
    """Whether the commits of this application fit its settings, and the one that it replaces has ended.

    Each partition holds its own stored state against the settings. But one that was never committed has none, and
    would be begun under wrong settings beside others that refuse.

    Raises:
        OtherStateError: it has judged other topics, or keys placed in another way.
        StillAliveError: workers of the other one are live after one session timeout.
        KafkaError: the brokers do not answer.
    """
    await _check_commits(settings)
    if settings.replaces is not None:
        await _wait_for_end(settings, settings.replaces)


async def _check_commits(settings: Settings) -> None:
    async with admin_client(settings) as admin:
        committed = await committed_offsets(admin, settings.application_id)
    for tp, stored in sorted(committed.items()):
        mark = commit_mark(stored.metadata)
        if mark is None or mark.application != settings.application_id:
            continue
        said = f"application {settings.application_id} has judged"
        if tp.topic not in settings.topics.inputs:
            raise OtherStateError(
                f"{said} {tp.topic}, and now its input topics are {', '.join(settings.topics.inputs)}: set "
                f"SLO_TOPIC_PREFIX back, or {START_OVER}"
            )
        if mark.partitioner != settings.partitioner:
            raise OtherStateError(
                f"{said} {tp.topic} with SLO_PARTITIONER={mark.partitioner}, and now it is {settings.partitioner}: its "
                f"series would be split in two. Set it back, or {START_OVER}"
            )


async def _wait_for_end(settings: Settings, replaced: str) -> None:
    deadline_s = time.monotonic() + settings.session_timeout / 1_000
    async with admin_client(settings) as admin:
        while (members := (await group_state(admin, replaced))[1]) > 0:
            if time.monotonic() > deadline_s:
                raise StillAliveError(
                    f"SLO_REPLACES={replaced}, but {members} of its workers are live: stop them first, or give this "
                    "application outputs of its own with SLO_OUTPUT_PREFIX"
                )
            await asyncio.sleep(_RETRY_S)
