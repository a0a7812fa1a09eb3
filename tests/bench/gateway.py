"""Case: calls to the gateway beside calls to bare FastAPI endpoints.

The gateway verifies a signed token each, reads and checks the results, claims the token, and answers when Kafka has
confirmed them. The bare endpoints answer 204: one without a look at the body, one when it has it, one when FastAPI has
read it into models. All have the same server and event loop, and are called over the same number of kept connections by
the same bare client. The machine is shared: what counts is the ratio of CPU times of calls that were made in turns.
"""

import argparse
import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Final

import orjson
import uvloop
from fastapi import FastAPI, Request, Response

from streams.broker.probe import free_port, is_taken
from streams.gateway.results import Result
from streams.web.http_server import serve_http
from tests.bench.case import BrokenError, Reading, Stage
from tests.bench.usage import running_cpu_s
from tests.gateway.process import install, running_gateway, settings_of
from tests.gateway.signing import authorization, publish_path

OURS: Final = "gateway"
PER_CPU_S: Final = "calls per CPU second"
UNREAD: Final = "a bare endpoint that answers at once"
READ: Final = "a bare endpoint that reads the body"
MODELS: Final = "a bare endpoint that reads the body into models"

TURNS: Final = 7
SLICES: Final = 12  # of each server, a turn
SLICE: Final = 256  # calls
CONNECTIONS: Final = 64

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]

APP: Final = "com.example.app"
RESULT: Final = {"metricsType": "IFRAME", "moduleType": "generalPages", "status": "SUCCESS", "durationInMillis": 812.5}
READ_PATH: Final = "/read"
MODELS_PATH: Final = "/models"


@dataclass(frozen=True, slots=True)
class Server:
    """Where one is called, and its process."""

    name: str
    port: int
    path: str
    pid: int


@dataclass(frozen=True, slots=True)
class Speed:
    """Calls per CPU second of a server, and how long one took, in ms."""

    per_cpu_s: float
    latency_ms: float


class Gateway:
    """Some turns a round, after one to warm up."""

    async def prepare(self, stage: Stage) -> None:
        """Nothing: a round starts its servers."""

    async def measure(self, stage: Stage, round_number: int) -> AsyncIterator[Reading]:
        """A reading for each turn."""
        environment = settings_of(
            stage.kafka.bootstrap_servers, "bench.", SLO_GATEWAY_RATE="1000000", SLO_GATEWAY_BURST="1000000"
        )
        await install(environment, "c-1", APP)
        with _bare() as (bare, port), ExitStack() as stack:
            gateway = await asyncio.to_thread(stack.enter_context, running_gateway(environment, stage.folder))
            servers = [
                Server(OURS, int(gateway.url.rpartition(":")[2]), publish_path(APP), gateway.process.process.pid),
                Server(UNREAD, port, publish_path(APP), bare.pid),
                Server(READ, port, READ_PATH, bare.pid),
                Server(MODELS, port, MODELS_PATH, bare.pid),
            ]
            for turn in range(TURNS + 1):
                speeds = await asyncio.to_thread(uvloop.run, _turn(servers))
                if turn:
                    yield _reading(speeds)


def _reading(speeds: dict[str, Speed]) -> Reading:
    ours = speeds.pop(OURS)
    return {
        (OURS, PER_CPU_S): ours.per_cpu_s,
        (OURS, "ms a call, median"): ours.latency_ms,
        **{(OURS, f"{PER_CPU_S}, times {name}"): ours.per_cpu_s / its.per_cpu_s for name, its in speeds.items()},
    }


async def _turn(servers: Sequence[Server]) -> dict[str, Speed]:
    """The speed of each, called in slices one after the other, so that what else the machine does counts for all."""
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(_client(server)) for server in servers]
        for number in range(SLICES):
            for client in clients if number % 2 else reversed(clients):
                await client.call()
    return {client.server.name: client.speed() for client in clients}


class Client:
    """Kept connections to a server, and what calls over them took."""

    def __init__(self, server: Server, connections: Sequence[Connection]) -> None:
        self.server = server
        self._connections = connections
        self._cpu_s = 0.0
        self._took_s: list[float] = []

    async def call(self) -> None:
        """Make the calls of a slice.

        Raises:
            BrokenError: one was not answered with 204.
        """
        requests = iter([_request(self.server.path) for _ in range(SLICE)])
        before_s = running_cpu_s(self.server.pid)
        await asyncio.gather(*(self._call_all(requests, *connection) for connection in self._connections))
        self._cpu_s += running_cpu_s(self.server.pid) - before_s

    async def _call_all(
        self, requests: Iterator[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        for request in requests:
            started_s = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            self._took_s.append(time.perf_counter() - started_s)
            if not head.startswith(b"HTTP/1.1 204 "):
                raise BrokenError(f"not answered with 204: {head.decode()}")

    def speed(self) -> Speed:
        """Of all calls so far."""
        return Speed(len(self._took_s) / self._cpu_s, 1_000 * median(self._took_s))


@asynccontextmanager
async def _client(server: Server) -> AsyncIterator[Client]:
    connections = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(CONNECTIONS)]
    try:
        yield Client(server, connections)
    finally:
        for _, writer in connections:
            writer.close()


def _request(path: str) -> bytes:
    token, body = authorization("c-1", APP)["Authorization"], orjson.dumps([RESULT])
    head = f"PUT {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: {token}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


@contextmanager
def _bare() -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.gateway", str(port)])
    try:
        while not is_taken(port):
            time.sleep(0.05)
        yield process, port
    finally:
        process.terminate()
        process.wait(timeout=30)


def _serve_bare(port: int) -> None:
    app = FastAPI(docs_url=None, redoc_url=None)

    @app.put(publish_path("{addon_key}"), status_code=204)
    async def bare(addon_key: str) -> Response:
        return Response(status_code=204)

    @app.put(READ_PATH, status_code=204)
    async def read(request: Request) -> Response:
        await request.body()
        return Response(status_code=204)

    @app.put(MODELS_PATH, status_code=204)
    async def models(results: list[Result]) -> Response:
        return Response(status_code=204)

    uvloop.run(serve_http(app, "127.0.0.1", port, until=asyncio.Event()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.gateway", description="Serve the bare endpoints.")
    parser.add_argument("port", type=int)
    _serve_bare(parser.parse_args().port)
