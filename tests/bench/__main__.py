"""`python -m tests.bench`: how fast a worker is beside its peers, and what an event costs under which circumstances.

Machines differ and this one may be busy: every subject runs once a round, one after the other, and the medians of
their ratios are what counts.
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
from typing import Any, Final

import orjson
from rich.console import Console

from streams.broker import BrokerError, EmbeddedKafka
from streams.memory import keep_memory_at_hand
from tests.bench.case import BrokenError, Case, LiveLoads, Stage
from tests.bench.chart import NoChartError, draw
from tests.bench.comparison import ONE_WORKER, TWO_WORKERS, Comparison
from tests.bench.curves import Curves
from tests.bench.fleet import Fleet
from tests.bench.gateway import Gateway
from tests.bench.history import History
from tests.bench.kinds import Kinds
from tests.bench.live import Live
from tests.bench.notifier import Notifier
from tests.bench.pages import Pages
from tests.bench.peers.catalogue import PEERS
from tests.bench.readme import NoBlockError, write_tables
from tests.bench.report import print_report
from tests.bench.restore import Restore
from tests.bench.results import Results
from tests.bench.services import Services
from tests.bench.stages import Stages
from tests.bench.start import Start
from tests.bench.take_over import TakeOver
from tests.bench.wide import Wide

BUILT: Final = Path("build/bench")
PUBLISHED: Final = Path("infra/bench")
RESULTS: Final = "results.json"
CASES: Final[dict[str, type[Case]]] = {
    "comparison": Comparison,
    "restore": Restore,
    "take-over": TakeOver,
    "wide": Wide,
    "stages": Stages,
    "kinds": Kinds,
    "curves": Curves,
    "live": Live,
    "history": History,
    "fleet": Fleet,
    "notifier": Notifier,
    "gateway": Gateway,
    "pages": Pages,
    "services": Services,
    "start": Start,
}
SUBJECTS: Final = (ONE_WORKER, TWO_WORKERS, *(peer.name for peer in PEERS))


def main() -> int:
    """Exit code 1 when a case is broken; a goal that is not reached is told, and no failure."""
    options = _options()
    keep_memory_at_hand()  # as every service: some cases measure in this process
    logging.getLogger("aiokafka").setLevel(logging.ERROR)  # it warns of every new topic that has no leader yet
    console = Console(soft_wrap=True)
    results = Results()
    with tempfile.TemporaryDirectory(prefix="slo-bench-") as folder:
        data = Path(folder)
        try:
            with EmbeddedKafka(data_dir=data / "kafka", report=console.print) as kafka:
                stage = Stage(
                    kafka,
                    data,
                    tuple(options.events),
                    options.rows,
                    options.series,
                    LiveLoads(tuple(options.rate), tuple(options.apps), options.seconds),
                    tuple(options.peer),
                    lambda line: console.print(line, highlight=False, style="yellow"),
                )
                asyncio.run(_rounds(stage, [CASES[name]() for name in options.case], options, results, console))
        except (BrokenError, BrokerError) as problem:
            console.print(f"broken: {problem}", highlight=False)
            _print_logs(data, console)
            return 1
    print_report(results, console)
    _show(_keep(results, options), options, console)
    return 0


async def _rounds(
    stage: Stage, cases: Sequence[Case], options: argparse.Namespace, results: Results, console: Console
) -> None:
    for case in cases:
        await case.prepare(stage)
    for number in range(1, options.rounds + 1):
        load = os.getloadavg()[0]
        console.print(f"round {number} of {options.rounds}, load average {load:.1f} on {os.cpu_count()} cores")
        for case in cases:
            async for reading in case.measure(stage, number):
                results.add(reading)
                _keep(results, options)


def _keep(results: Results, options: argparse.Namespace) -> dict[str, Any]:
    """Store results beside those of parts that were not measured this time; the whole document."""
    path = _folder(options) / RESULTS
    path.parent.mkdir(parents=True, exist_ok=True)
    document = results.document(
        orjson.loads(path.read_bytes()) if path.exists() else {},
        cores=os.cpu_count(),
        python=platform.python_version(),
        machine=platform.machine(),
        load=round(os.getloadavg()[0], 1),
    )
    path.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
    return document


def _show(document: dict[str, Any], options: argparse.Namespace, console: Console) -> None:
    """Charts and pages of all that is stored."""
    folder = _folder(options)
    console.print(f"results: {folder / RESULTS}", highlight=False)
    try:
        console.print(f"charts: {', '.join(map(str, draw(document, folder)))}", highlight=False)
    except NoChartError as problem:
        console.print(f"no charts: {problem}", highlight=False, markup=False)
    if options.readme:
        try:
            write_tables(document)
        except NoBlockError as problem:
            console.print(f"not every page was written: {problem}", highlight=False)


def _folder(options: argparse.Namespace) -> Path:
    return PUBLISHED if options.publish else BUILT


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure the evaluator and its peers.")
    parser.add_argument("--case", action="append", choices=[*CASES], help="only this one; may be given again")
    parser.add_argument("--peer", action="append", choices=SUBJECTS, help="only this one; may be given again")
    parser.add_argument("--quick", action="store_true", help="few events, our workers, the limits, one peer")
    parser.add_argument("--rounds", type=int, help="default 3, quick 2")
    parser.add_argument("--events", action="append", type=int, help="default 1,000,000 and 4,000,000, quick 300,000")
    parser.add_argument("--rows", type=int, help="series to restore: default 200,000, quick 100,000")
    parser.add_argument("--series", type=int, help="of the fleet with a month of history: default 300,000, quick 3,000")
    parser.add_argument("--rate", action="append", type=int, help="live: default 1,000, 10,000 and 50,000 a second")
    parser.add_argument("--apps", action="append", type=int, help="live: default 1,000 and 100,000")
    parser.add_argument("--seconds", type=int, help="live: to watch each, default 120, quick 30")
    parser.add_argument("--publish", action="store_true", help=f"keep results and charts in {PUBLISHED}")
    parser.add_argument("--readme", action="store_true", help="write the tables into the pages that quote them")
    options = parser.parse_args()
    quick_peers = (ONE_WORKER, TWO_WORKERS, *(peer.name for peer in PEERS if peer.is_quick))
    options.case = options.case or [
        "comparison",
        "restore",
        "stages",
        "notifier",
        "pages",
        "services",
        "history",
        "fleet",
        "start",
    ]
    options.peer = options.peer or (quick_peers if options.quick else SUBJECTS)
    options.rounds = options.rounds or (2 if options.quick else 3)
    options.events = options.events or ([300_000] if options.quick else [1_000_000, 4_000_000])
    options.series = options.series or (3_000 if options.quick else 300_000)
    options.rate = options.rate or ([10_000] if options.quick else [1_000, 10_000, 50_000])
    options.apps = options.apps or [1_000, 100_000]
    options.seconds = options.seconds or (30 if options.quick else 120)
    options.rows = options.rows or (100_000 if options.quick else 200_000)
    return options


def _print_logs(folder: Path, console: Console) -> None:
    """The end of every log: the folder goes with this process."""
    for path in sorted(folder.glob("*.log")):
        console.out(path.name, path.read_text(errors="replace")[-2_000:], sep="\n")


if __name__ == "__main__":
    sys.exit(main())
