"""`python -m tests.bench`: how fast a worker is, beside a raw loop on the same broker.

Machines differ and this one may be busy: every case runs once a round, one after the other, and the medians of their
ratios are what counts.
"""

import argparse
import asyncio
import logging
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import orjson
from rich.console import Console

from streams.broker import BrokerError, EmbeddedKafka
from tests.bench.case import BrokenError, Case, Stage
from tests.bench.overlap import Overlap
from tests.bench.report import print_report
from tests.bench.restore import Restore
from tests.bench.results import Results
from tests.bench.throughput import Throughput

RESULTS: Final = Path("build/bench.json")
CASES: Final[dict[str, type[Case]]] = {"throughput": Throughput, "restore": Restore, "overlap": Overlap}


def main() -> int:
    """Exit code 1 when a case is broken; a goal that is not reached is told, and no failure."""
    options = _options()
    logging.getLogger("aiokafka").setLevel(logging.ERROR)  # it warns of every new topic that has no leader yet
    console = Console()
    results = Results()
    with tempfile.TemporaryDirectory(prefix="slo-bench-") as folder:
        data = Path(folder)
        try:
            with EmbeddedKafka(data_dir=data / "kafka", report=console.print) as kafka:
                stage = Stage(kafka, data, options.events, options.rows)
                asyncio.run(
                    _rounds(stage, [CASES[name]() for name in options.case or CASES], options.rounds, results, console)
                )
        except (BrokenError, BrokerError) as problem:
            console.print(f"broken: {problem}", highlight=False)
            _print_logs(data, console)
            return 1
    print_report(results, console)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_bytes(orjson.dumps(_document(results, options), option=orjson.OPT_INDENT_2))
    return 0


async def _rounds(stage: Stage, cases: Sequence[Case], rounds: int, results: Results, console: Console) -> None:
    for case in cases:
        await case.prepare(stage)
    for number in range(1, rounds + 1):
        console.print(f"round {number} of {rounds}, load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        for case in cases:
            results.add(await case.measure(stage, number))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure the evaluator.")
    parser.add_argument("--case", action="append", choices=[*CASES], help="only this one; may be given again")
    parser.add_argument("--quick", action="store_true", help="fewer events and rounds: a rough idea in about a minute")
    parser.add_argument("--rounds", type=int, help="default 3, quick 2")
    parser.add_argument(
        "--events", type=int, help="webhook deliveries for the worker: default 1,000,000, quick 300,000"
    )
    parser.add_argument("--rows", type=int, help="series to restore: default 200,000, quick 100,000")
    options = parser.parse_args()
    options.rounds = options.rounds or (2 if options.quick else 3)
    options.events = options.events or (300_000 if options.quick else 1_000_000)
    options.rows = options.rows or (100_000 if options.quick else 200_000)
    return options


def _document(results: Results, options: argparse.Namespace) -> dict[str, object]:
    return results.document(
        events=options.events,
        rows=options.rows,
        rounds=options.rounds,
        cores=os.cpu_count(),
        python=platform.python_version(),
        machine=platform.machine(),
        loadAverage=os.getloadavg()[0],
    )


def _print_logs(folder: Path, console: Console) -> None:
    """The end of every worker's log: the folder goes with this process."""
    for path in sorted(folder.glob("*.log")):
        console.out(path.read_text(errors="replace")[-2_000:])


if __name__ == "__main__":
    sys.exit(main())
