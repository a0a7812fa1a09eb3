"""The network that can be made to fail, does."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from streams.broker.properties import HOST
from tests.faults.proxy import Proxy
from tests.ports import free_port

_DELAY_S = 0.3
_SOON_S = 60.0


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while line := await reader.readline():
            writer.write(line)
    writer.transport.abort()


def _through_a_proxy(scenario: Callable[[Proxy, int], Awaitable[None]]) -> None:
    async def run() -> None:
        port, target_port = free_port(), free_port()
        server = await asyncio.start_server(_echo, HOST, target_port)
        try:
            async with asyncio.timeout(_SOON_S), Proxy(port, target_port) as proxy:
                await scenario(proxy, port)
        finally:
            server.close()

    asyncio.run(run())


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: bytes) -> bytes:
    writer.write(line)
    return await reader.readline()


def test_a_cut_closes_what_is_open_and_refuses_what_is_new_until_it_is_mended() -> None:
    async def scenario(proxy: Proxy, port: int) -> None:
        reader, writer = await asyncio.open_connection(HOST, port)
        assert await _answer(reader, writer, b"before\n") == b"before\n"
        async with proxy.cut():
            assert await reader.read() == b""
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(HOST, port)
        writer.close()
        reader, writer = await asyncio.open_connection(HOST, port)
        assert await _answer(reader, writer, b"after\n") == b"after\n"
        writer.close()

    _through_a_proxy(scenario)


def test_a_blackhole_holds_back_what_arrives_in_the_end() -> None:
    async def scenario(proxy: Proxy, port: int) -> None:
        reader, writer = await asyncio.open_connection(HOST, port)
        assert await _answer(reader, writer, b"before\n") == b"before\n"
        async with proxy.blackhole():
            answer = asyncio.create_task(_answer(reader, writer, b"within\n"))
            done, _ = await asyncio.wait([answer], timeout=_DELAY_S)
            assert not done
        assert await answer == b"within\n"
        writer.close()

    _through_a_proxy(scenario)


def test_a_delay_counts_in_both_directions() -> None:
    async def scenario(proxy: Proxy, port: int) -> None:
        clock = asyncio.get_running_loop().time
        reader, writer = await asyncio.open_connection(HOST, port)
        async with proxy.delay(_DELAY_S):
            began_s = clock()
            assert await _answer(reader, writer, b"late\n") == b"late\n"
        assert clock() - began_s >= 2 * _DELAY_S
        writer.close()

    _through_a_proxy(scenario)
