"""One peer at work: started, measured from its first event to its last result, and checked."""

import asyncio
import time
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from streams.broker.java import gist
from streams.child.leash import leashed
from tests.bench.peers.catalogue import Peer
from tests.bench.usage import Usage, tree_usage, usage

TIMEOUT_S: Final = 300.0
STOP_TIMEOUT_S: Final = 60.0


class PeerError(Exception):
    """It failed, or took too long."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What was used when so many events were seen."""

    seen: int
    at_s: float
    own: Usage
    broker: Usage


@dataclass(frozen=True, slots=True)
class Course:
    """A run from its first event on: `half` lies about the half of all events, `end` where all is stored."""

    start: Moment
    half: Moment
    end: Moment

    @property
    def figures(self) -> dict[str, float]:
        """What is compared, by name with its unit."""
        events = self.end.seen - self.start.seen
        cpu_s = self.end.own.cpu_s - self.start.own.cpu_s
        warm_events = self.end.seen - self.half.seen
        warm_cpu_s = self.end.own.cpu_s - self.half.own.cpu_s
        warm = {"events per CPU second, warm": warm_events / warm_cpu_s} if warm_events >= events / 4 else {}
        return warm | {
            "events per CPU second": events / cpu_s,
            "events per second": events / (self.end.at_s - self.start.at_s),
            "peak memory, MB": self.end.own.peak_mb,
            "broker CPU, s per million": (self.end.broker.cpu_s - self.start.broker.cpu_s) / events * 1e6,
        }


async def started(
    peer: Peer, servers: str, topics: str, output: str, count: int, *, folder: Path, stdout: int
) -> Process:
    """A peer at work on so many records of these topics; what it complains of is in `OUTPUT.log`.

    Raises:
        UnavailableError: it cannot be had.
    """
    command = await asyncio.to_thread(peer.command)
    state = folder / output
    state.mkdir()
    with (folder / f"{output}.log").open("wb") as log:
        return await asyncio.create_subprocess_exec(
            *leashed([*command, servers, topics, output, str(count), str(state), *peer.arguments]),
            stdin=PIPE,
            stdout=stdout,
            stderr=log,
        )


async def run_peer(
    peer: Peer, servers: str, topic: str, output: str, count: int, *, folder: Path, broker_pid: int
) -> Course:
    """Let a peer work through a topic of `count` records, its windows sent to the topic `output`.

    Raises:
        PeerError: it failed, or took too long.
        UnavailableError: it cannot be had.
    """
    log_path = folder / f"{output}.log"
    process = await started(peer, servers, topic, output, count, folder=folder, stdout=PIPE)
    try:
        async with asyncio.timeout(TIMEOUT_S):
            course = await _course(process, count, broker_pid)
            await _let_go(process)
    except TimeoutError:
        raise PeerError(f"not done after {TIMEOUT_S:g} s") from None
    except (EOFError, FileNotFoundError, ProcessLookupError):  # the last two: it ends while it is looked at
        await process.wait()
        raise PeerError(
            f"ended with status {process.returncode}: {gist(log_path.read_text(errors='replace'))}"
        ) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return course


async def _course(process: Process, count: int, broker_pid: int) -> Course:
    assert process.stdout is not None
    moments: list[Moment] = []
    while line := await process.stdout.readline():
        word, _, number = line.decode().strip().partition(" ")
        if word in ("seen", "done"):
            seen = count if word == "done" else int(number)
            moments.append(Moment(seen, time.monotonic(), tree_usage(process.pid), usage(broker_pid)))
        if word == "done":
            return Course(moments[0], moments[min(1, len(moments) - 1)], moments[-1])
    raise EOFError


async def _let_go(process: Process) -> None:
    """Let it write what serves to check it, and end."""
    assert process.stdin is not None
    process.stdin.close()
    with suppress(BrokenPipeError, ConnectionResetError):
        await process.stdin.wait_closed()
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await process.wait()
    except TimeoutError:
        raise PeerError(f"did not end within {STOP_TIMEOUT_S:g} s of its last result") from None
    if process.returncode:
        raise EOFError
