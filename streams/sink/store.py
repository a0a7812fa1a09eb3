"""Facts in PostgreSQL: rows and offset move in one transaction, or not at all.

The offset is moved by a conditional update: by the newest owner only, and only from where it was. So an owner that was
thought dead changes nothing more, and what is stored is always what exactly the records before the offset tell.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from aiokafka import TopicPartition

from streams.database.patient import Answer, Connection, PatientDatabase
from streams.exits import RefusalError
from streams.kafka.cluster import partitions_of
from streams.names import name_of
from streams.ownership.seams import FencedError, Position
from streams.ownership.source import SourceOffsets, ask_source
from streams.settings import Settings
from streams.sink.last_record import LastRecord, check_last_record
from streams.sink.work import Progress, SinkWork

_APPLICATION: Final = """
insert into application (id) values (%(id)s) on conflict (is_only) do update set id = application.id returning id
"""
_TAKE_OVER: Final = """
insert into sink_offset (reader, topic, part, epoch) values (%(reader)s, %(topic)s, %(part)s, 1)
on conflict (reader, topic, part) do update set epoch = sink_offset.epoch + 1
returning epoch, next, watermark_ms, newest_ms, last_offset, last_ms
"""
_MOVE: Final = """
update sink_offset set next = %(next)s, watermark_ms = %(watermark)s, newest_ms = %(newest)s,
  last_offset = %(last_offset)s, last_ms = %(last_ms)s
where reader = %(reader)s and topic = %(topic)s and part = %(part)s and epoch = %(epoch)s
and next is not distinct from %(from)s
"""
_LOOK: Final = """
select epoch, next from sink_offset where reader = %(reader)s and topic = %(topic)s and part = %(part)s
"""
_HOLD: Final = f"{_LOOK} for share"


class Rows(Protocol):
    """Where facts of one kind are stored."""

    async def add(self, connection: Connection, facts: Any) -> Any:
        """Store them in the transaction that is open; what to `learn` once it is committed."""

    def learn(self, found: Any) -> None:
        """What `add` found holds: its transaction is committed."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """How far a partition is stored; `partitions` is how many its topic has."""

    progress: Progress
    partitions: int


class PostgresStore:
    """Where the facts of one source partition go: a `seams.Store`, whose mark is the offset.

    `reader` is the service: each has offsets of its own. `found` is how far the partition was stored when it was
    opened; None: never.
    """

    def __init__(
        self, settings: Settings, tp: TopicPartition, database: PatientDatabase, rows: Rows, *, reader: str
    ) -> None:
        self._settings = settings
        self._tp = tp
        self._database = database
        self._rows = rows
        self._reader = reader
        self.progressed_s = 0.0
        self._epoch = 0
        self._stored_offset: int | None = None
        self.found: Progress | None = None
        self._source: SourceOffsets

    async def open(self) -> None:
        """Become the owner; from then on no earlier one moves the offset.

        Raises:
            RefusalError: the database belongs to another application.
        """
        await self._database.run(self._take_over)

    async def position(self) -> Position:
        """Where the log and the facts stand."""
        self._source = await ask_source(self._settings, self._tp)
        return Position(self._source, self._stored_offset)

    async def load(self) -> Loaded:
        """How far the partition is stored; a new one from its oldest record on.

        Raises:
            SourceLostError: the log ends before that.
            SourceReplacedError: it does not, and is another one all the same.
        """
        partitions = len(await partitions_of(self._settings, [self._tp.topic]))
        if self.found is None:
            return Loaded(Progress(self._source.oldest_offset), partitions)
        self._source.check(self.found.next_offset)
        if self.found.last is not None and self.found.last.offset >= self._source.oldest_offset:
            await check_last_record(self._settings, self._tp, self.found.last)
        return Loaded(self.found, partitions)

    async def write(self, work: SinkWork[Any]) -> object:
        """Add the facts, and move the offset.

        Raises:
            FencedError: another owner has taken over.
            DatabaseAwayError: the database was away for too long.
        """

        async def action(connection: Connection) -> Any | None:
            is_new = await self._move(connection, work.progress)
            return await self._rows.add(connection, work.facts) if is_new else None

        found = await self._database.run(action)
        if found is not None:
            self._rows.learn(found)
        self.progressed_s = time.monotonic()
        self._stored_offset = work.progress.next_offset
        return self._stored_offset

    async def _change(self, action: Callable[[Connection], Awaitable[Answer]]) -> Answer:
        """Run an action as the owner, beside the offset.

        Raises:
            FencedError: another owner has taken over.
        """

        async def checked(connection: Connection) -> Answer:
            epoch, _ = await _row(connection, _HOLD, self._place)
            if epoch != self._epoch:
                raise FencedError(f"{name_of(*self._tp)} was taken over by another owner")
            return await action(connection)

        return await self._database.run(checked)

    async def close(self) -> None:
        """Connections are shared, and closed with the service."""

    @property
    def _place(self) -> dict[str, object]:
        return {"reader": self._reader, "topic": self._tp.topic, "part": self._tp.partition}

    async def _take_over(self, connection: Connection) -> None:
        ours = self._settings.application_id
        found = await _row(connection, _APPLICATION, {"id": ours})
        if found[0] != ours:
            raise RefusalError(
                f"This database belongs to {found[0]}, not to {ours}: it would hold every event twice. "
                "Name another database in SLO_DATABASE_URL, or set SLO_APPLICATION_ID right."
            )
        found = await _row(connection, _TAKE_OVER, self._place)
        self._epoch, self._stored_offset, watermark_ms, newest_ms, last_offset, last_ms = found
        if self._stored_offset is not None:
            last = None if last_offset is None else LastRecord(last_offset, last_ms)
            self.found = Progress(self._stored_offset, watermark_ms, newest_ms, last)

    async def _move(self, connection: Connection, progress: Progress) -> bool:
        """Move the offset; False: it stands there already, as an earlier attempt was committed unseen."""
        values = {
            **self._place,
            "epoch": self._epoch,
            "from": self._stored_offset,
            "next": progress.next_offset,
            "watermark": progress.watermark_ms,
            "newest": progress.newest_ms,
            "last_offset": progress.last and progress.last.offset,
            "last_ms": progress.last and progress.last.stamp_ms,
        }
        if (await connection.execute(_MOVE, values)).rowcount == 1:
            return True
        epoch, next_offset = await _row(connection, _LOOK, self._place)
        if epoch != self._epoch or next_offset != progress.next_offset:
            raise FencedError(f"{name_of(*self._tp)} was taken over by another owner")
        return False


async def _row(connection: Connection, query: str, values: Mapping[str, object]) -> tuple[Any, ...]:
    row = await (await connection.execute(query.encode(), values)).fetchone()
    if row is None:
        raise RefusalError("the database lost a row of sink_offset: restore a backup")
    return row
