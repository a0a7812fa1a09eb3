"""What one worker with many partitions holds and costs while nothing comes: `python -m tests.bench.idle`.

Every partition has a producer of its own, and every producer its connections to the brokers.
"""

import argparse
import asyncio
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from streams.broker import EmbeddedKafka
from tests.bench.usage import usage
from tests.e2e.flow import Flow, WorkerProcess
from tests.model.generate import HOUR_MS, START_MS
from tests.waiting import wait_for

_TIMEOUT_S = 300.0


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one process at one time; `cpu_percent` of one core."""

    sockets: int
    cpu_percent: float
    peak_mb: float

    def __str__(self) -> str:
        return f"{self.sockets:4} sockets   {self.cpu_percent:5.1f} % CPU   {self.peak_mb:5.0f} MB"


async def figures(worker: WorkerProcess, seconds: float) -> Figures:
    """Watch a worker for so long."""
    pid = worker.process.pid
    before, started_s = usage(pid), time.monotonic()
    await asyncio.sleep(seconds)
    after, took_s = usage(pid), time.monotonic() - started_s
    return Figures(_sockets(pid), 100 * (after.cpu_s - before.cpu_s) / took_s, after.peak_mb)


def _sockets(pid: int) -> int:
    folder = Path("/proc") / str(pid) / "fd"
    return sum(str(file.readlink()).startswith("socket:") for file in folder.iterdir())


async def _taken_over(worker: WorkerProcess, count: int) -> float:
    started_s = time.monotonic()

    async def is_done() -> bool:
        return worker.log.count("going on at") >= count

    await wait_for(is_done, _TIMEOUT_S, f"{count} partitions to be taken over", [worker])
    return time.monotonic() - started_s


async def measure(flow: Flow, seconds: float) -> None:
    """Print the figures of a worker alone, after a commit of every partition, and after another one has joined."""
    await flow.create_topics()
    count = len(flow.input_partitions)
    worker = flow.start_worker()
    print(f"{count} partitions taken over in {await _taken_over(worker, count):.1f} s, start included")
    print(f"new              {await figures(worker, seconds)}")
    await flow.produce(flow.closing_records(START_MS))
    await flow.wait_until_read(_TIMEOUT_S)
    print(f"after a commit   {await figures(worker, seconds)}")
    await flow.produce(flow.closing_records(START_MS + HOUR_MS))
    await flow.wait_until_read(_TIMEOUT_S)
    flow.start_worker()
    print(f"one half kept in {await _taken_over(worker, count + count // 2):.1f} s, start of the other included")
    print(f"with one half    {await figures(worker, seconds)}")


def main() -> None:
    """Run on an embedded broker of its own."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.idle", description=__doc__)
    parser.add_argument("--partitions", type=int, default=32, help="of each of the four input topics")
    parser.add_argument("--seconds", type=float, default=20, help="to watch each time")
    parser.add_argument("--clock", default="live", choices=("live", "event"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="slo-idle-") as folder:
        data = Path(folder)
        with EmbeddedKafka(data_dir=data / "kafka", report=print) as kafka:
            flow = Flow(
                kafka.bootstrap_servers, "idle.", data, partitions=options.partitions, clock=options.clock, session_s=60
            )
            try:
                asyncio.run(measure(flow, options.seconds))
            finally:
                flow.stop()


if __name__ == "__main__":
    main()
