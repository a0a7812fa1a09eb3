"""`/changes`: tells open pages that something changed, and nothing of what: they ask anew as who they are.

One look a second at how far the database's log has come serves all pages of a process.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

from streams.dashboard.dashboard import Who, dashboard_of
from streams.dashboard.database import Database
from streams.web.problem import ProblemError

_LOOK_S: Final = 1.0
_SILENCE_S: Final = 15.0  # after which a proxy might take the stream for dead
_LAST_S: Final = 600.0  # then the browser asks again, and who has been logged out since is not told any more


class Changes:
    """Wakes everybody who waits for a change. It looks only while somebody does."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: set[asyncio.Event] = set()
        self._looking: asyncio.Task[None] | None = None
        self._seen: str | None = None

    async def stream(self) -> AsyncIterator[str]:
        """Lines of server-sent events, for ten minutes."""
        loop, changed = asyncio.get_running_loop(), asyncio.Event()
        self._waiting.add(changed)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        try:
            yield "retry: 3000\n\n"
            until_s = loop.time() + _LAST_S
            while loop.time() < until_s:
                yield await _next(changed)
        finally:
            self._waiting.discard(changed)
            if not self._waiting and self._looking is not None:
                self._looking.cancel()
                self._looking = None

    async def _look(self) -> None:
        while True:
            try:
                position = await asyncio.to_thread(self._database.position)
            except ProblemError:
                position = self._seen or ""  # pages say themselves that the database is away
            if position != self._seen:
                self._seen = position
                for one in self._waiting:
                    one.set()
            await asyncio.sleep(_LOOK_S)


async def _next(changed: asyncio.Event) -> str:
    try:
        async with asyncio.timeout(_SILENCE_S):
            await changed.wait()
    except TimeoutError:
        return ": still here\n\n"
    changed.clear()
    return "event: changed\ndata:\n\n"


def add_changes(app: FastAPI) -> None:
    """The one stream that all pages have."""

    @app.get("/changes", include_in_schema=False)
    async def changes(request: Request, _viewer: Who) -> StreamingResponse:
        state = request.app.state
        if not hasattr(state, "changes"):
            state.changes = Changes(dashboard_of(request).database)
        return StreamingResponse(
            state.changes.stream(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
        )
