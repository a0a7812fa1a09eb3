"""Rows that were read ahead: gone on with where they are certainly what the changelog holds, else it is read anew.

They are those up to a commit, told by its meta row. Where that record still lies in the log, nothing before it was cut
off, written anew or lost, and what a whole read would take in from there on is taken in by the same rules. A log that
begins elsewhere than it did, or rows that are not as many as they should be, leave a doubt.
"""

import logging
from contextlib import AbstractAsyncContextManager, aclosing

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.exits import RefusalError
from streams.kafka.bulk import committed_records
from streams.kafka.chunk import SourceRecord
from streams.names import name_of
from streams.settings import Settings
from streams.tables.changelog import Rows, State

log = logging.getLogger(__name__)


class DoubtError(Exception):
    """What was read ahead may not be what the changelog holds."""


async def go_on(
    settings: Settings,
    tp: TopicPartition,
    ahead: Rows,
    end_offset: int,
    reader: AbstractAsyncContextManager[AIOKafkaConsumer] | None = None,
) -> State | None:
    """The state of a partition as of `end_offset`, read from the last row that is known on; None where in doubt.

    To be called once all former owners are fenced, as `changelog.restore`; `reader` as there.

    Raises:
        KafkaError: the brokers do not answer.
    """
    name, rows = name_of(*tp), len(ahead)
    try:
        read = await _read_on(settings, tp, ahead, end_offset, reader)
        state = await ahead.state(name)
    except (DoubtError, RefusalError) as problem:
        log.warning("%s is read as a whole, though %s rows stood by: %s", name, f"{rows:,}", problem)
        return None
    log.info("%s: %s rows stood by, and %s records came since", name, f"{rows:,}", f"{read:,}")
    return state


async def _read_on(
    settings: Settings,
    tp: TopicPartition,
    ahead: Rows,
    end_offset: int,
    reader: AbstractAsyncContextManager[AIOKafkaConsumer] | None,
) -> int:
    known = ahead.meta
    if known is None:
        raise DoubtError("no commit was read as a whole")
    if known.offset >= end_offset:
        raise DoubtError(f"it ends at {end_offset:,}, before the last commit that was read, at {known.offset:,}")
    read = 0
    found = committed_records(settings, [tp], starts={tp: known.offset}, ends={tp: end_offset}, reader=reader)
    async with aclosing(found) as records:
        if not _is_same(await anext(records, None), known):
            raise DoubtError(f"the last commit that was read, at {known.offset:,}, is not there any more")
        async for record in records:
            ahead.take(record)
            read += 1
    return read


def _is_same(found: SourceRecord | None, known: SourceRecord) -> bool:
    return found is not None and (
        (found.offset, found.timestamp, found.key, found.value)
        == (known.offset, known.timestamp, known.key, known.value)
    )
