"""`python -m tests.bench.gateway`: calls to the gateway beside calls to a bare FastAPI endpoint, in the same run.

The gateway verifies a signed token each, reads and checks the results, claims the token, and answers when Kafka has
confirmed them; the bare endpoint answers 204, its twin after FastAPI has read the same body into models. All have the
same server and event loop, and are called over the same number of kept connections by the same bare client, in turns.
The machine is shared: read the ratios, and those by CPU time first.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import orjson
import uvloop
from fastapi import FastAPI, Response

from streams.broker import EmbeddedKafka
from streams.broker.probe import free_port, is_taken
from streams.gateway.results import Result
from streams.web.http_server import serve_http
from tests.bench.usage import usage
from tests.gateway.process import GatewayProcess, install, running_gateway, settings_of
from tests.gateway.signing import authorization, publish_path

APP: Final = "com.example.app"
RESULT: Final = {"metricsType": "IFRAME", "moduleType": "generalPages", "status": "SUCCESS", "durationInMillis": 812.5}
MODELS_PATH: Final = "/models"


@dataclass(frozen=True, slots=True)
class Speed:
    """Calls a second, by the clock and by the CPU time of the server."""

    by_clock: float
    by_cpu: float


def main() -> int:
    """Exit code 1 when a call was not answered with 204."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.gateway", description=__doc__)
    parser.add_argument("--serve-bare", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--calls", type=int, default=10_000, help="a round and server (default 10,000)")
    parser.add_argument("--rounds", type=int, default=3, help="default 3")
    parser.add_argument("--connections", type=int, default=64, help="default 64")
    parser.add_argument("--results", type=int, default=1, help="in a call; default 1")
    options = parser.parse_args()
    if options.serve_bare:
        _serve_bare(options.serve_bare)
        return 0
    speeds: dict[str, list[Speed]] = {"gateway": [], "bare": [], "bare, body read into models": []}
    with tempfile.TemporaryDirectory(prefix="slo-bench-") as folder, ExitStack() as stack:
        kafka = stack.enter_context(EmbeddedKafka(data_dir=Path(folder) / "kafka", report=print))
        gateway = stack.enter_context(_gateway(kafka.bootstrap_servers, Path(folder)))
        bare, bare_port = stack.enter_context(_bare())
        gateway_port = int(gateway.url.rpartition(":")[2])
        body = orjson.dumps([RESULT] * options.results)
        for number in range(options.rounds + 1):  # the first warms up
            for name, port, path, pid in (
                ("gateway", gateway_port, publish_path(APP), gateway.process.process.pid),
                ("bare", bare_port, publish_path(APP), bare.pid),
                ("bare, body read into models", bare_port, MODELS_PATH, bare.pid),
            ):
                requests = [_request(path, body) for _ in range(options.calls)]
                speed = _measure(port, requests, options.connections, pid)
                if number:
                    speeds[name].append(speed)
                    print(f"round {number}: {name}: {speed.by_clock:,.0f}/s, {speed.by_cpu:,.0f} per CPU second")
    print(
        f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; {options.results} results a call; medians:"
    )
    for name in speeds:
        by_clock, by_cpu = (
            median(
                getattr(ours, kind) / getattr(its, kind)
                for ours, its in zip(speeds["gateway"], speeds[name], strict=True)
            )
            for kind in ("by_clock", "by_cpu")
        )
        print(
            f"{name}: {median(speed.by_clock for speed in speeds[name]):,.0f}/s, "
            f"{median(speed.by_cpu for speed in speeds[name]):,.0f} per CPU second; "
            f"the gateway has {by_clock:.2f} of it by the clock, {by_cpu:.2f} by CPU time"
        )
    return 0


def _request(path: str, body: bytes) -> bytes:
    token = authorization("c-1", APP)["Authorization"]
    head = f"PUT {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: {token}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _measure(port: int, requests: Sequence[bytes], connections: int, pid: int) -> Speed:
    before_s, started_s = usage(pid).cpu_s, time.perf_counter()
    uvloop.run(_call_all(port, requests, connections))
    took_s, spent_s = time.perf_counter() - started_s, usage(pid).cpu_s - before_s
    return Speed(len(requests) / took_s, len(requests) / spent_s)


async def _call_all(port: int, requests: Sequence[bytes], connections: int) -> None:
    waiting = iter(requests)

    async def caller() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in waiting:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 204 "):
                raise SystemExit(f"not answered with 204: {head.decode()}")
        writer.close()

    await asyncio.gather(*(caller() for _ in range(connections)))


@contextmanager
def _gateway(servers: str, folder: Path) -> Iterator[GatewayProcess]:
    environment = settings_of(servers, "bench.", SLO_GATEWAY_RATE="1000000", SLO_GATEWAY_BURST="1000000")
    asyncio.run(install(environment, "c-1", APP))
    with running_gateway(environment, folder) as gateway:
        yield gateway


@contextmanager
def _bare() -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.gateway", "--serve-bare", str(port)])
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

    @app.put(MODELS_PATH, status_code=204)
    async def models(results: list[Result]) -> Response:
        return Response(status_code=204)

    uvloop.run(serve_http(app, "127.0.0.1", port, until=asyncio.Event()))


if __name__ == "__main__":
    sys.exit(main())
