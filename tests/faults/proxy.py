"""A TCP proxy that stands for the network between workers and a broker, and can be made to fail like one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from streams.broker.properties import HOST

_CHUNK_BYTES = 64 * 1024
_CHUNKS_UNDER_WAY = 1_000


class Proxy:
    """Forwards every connection to `port` on to `target_port`, for as long as it is entered."""

    def __init__(self, port: int, target_port: int) -> None:
        self._port = port
        self._target_port = target_port
        self._delay_s = 0.0
        self._flows = asyncio.Event()
        self._flows.set()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close()

    @asynccontextmanager
    async def cut(self) -> AsyncIterator[None]:
        """Every connection is closed, and no new one is accepted."""
        await self._close()
        try:
            yield
        finally:
            await self._listen()

    @asynccontextmanager
    async def blackhole(self) -> AsyncIterator[None]:
        """Connections stay, new ones are accepted, and nothing arrives; what was sent meanwhile arrives at the end."""
        self._flows.clear()
        try:
            yield
        finally:
            self._flows.set()

    @asynccontextmanager
    async def delay(self, seconds: float) -> AsyncIterator[None]:
        """Everything arrives later, in both directions."""
        self._delay_s = seconds
        try:
            yield
        finally:
            self._delay_s = 0.0

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, HOST, self._port)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.current_task()
        assert connection is not None
        self._connections.add(connection)
        try:
            await self._forward(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass  # either side may go at any time, and a cut ends both
        finally:
            self._connections.discard(connection)
            writer.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target_reader, target_writer = await asyncio.open_connection(HOST, self._target_port)
        there = asyncio.create_task(self._pump(reader, target_writer))
        back = asyncio.create_task(self._pump(target_reader, writer))
        try:
            await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in (there, back):
                pump.cancel()
            target_writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward until the sender closes; what is under way then still arrives."""
        clock = asyncio.get_running_loop().time
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_CHUNKS_UNDER_WAY)

        async def deliver() -> None:
            while True:
                due_s, chunk = await under_way.get()
                await asyncio.sleep(max(0.0, due_s - clock()))
                await self._flows.wait()
                if not chunk:
                    return
                writer.write(chunk)
                await writer.drain()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(deliver())
            chunk = b"start"
            while chunk:
                try:
                    chunk = await reader.read(_CHUNK_BYTES)
                except ConnectionError:
                    chunk = b""
                await under_way.put((clock() + self._delay_s, chunk))
