"""`python -m tests.faults`: inject one fault after the other, and hold what was published against a recount."""

import argparse
import dataclasses
import logging
import os
import random
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

import orjson
from rich.console import Console

from streams.kafka.aiokafka_0_14_0 import install
from tests.faults.matrix import LEFT_OUT, ROWS
from tests.faults.report import print_report, status
from tests.faults.row import Amounts, LeftOutError, Outcome, Row
from tests.faults.verdict import INVARIANTS

RESULTS: Final = Path("build/faults.json")


def main() -> int:
    """Exit code 1 when anything was lost, published twice or wrong, or did not recover."""
    options = _options()
    install()  # the verdict reads the stored state as a worker does
    console = Console(width=160)
    if options.list:
        for row in ROWS.values():
            console.print(f"{row.answers:5} {row.name}", highlight=False)
        return 0
    for name in ("aiokafka", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # they complain of every fault
    amounts = Amounts(options.seed, options.kills, options.soak, options.scale)
    console.print(f"seed {options.seed}")
    outcomes = []
    folder = Path(tempfile.mkdtemp(prefix="slo-faults-"))
    for name in options.only or ROWS:
        outcome = _play(ROWS[name], folder / name, amounts)
        console.print(f"{name}: {status(outcome)} after {outcome.took_s:.0f} s")
        outcomes.append(outcome)
        _write(outcomes, options.seed)  # after each: an hour's run that is ended has found something all the same
        if outcome.problem is None:
            shutil.rmtree(folder / name, ignore_errors=True)  # millions of events are some gigabytes
    print_report(outcomes, console)
    failed = any(outcome.problem for outcome in outcomes)
    console.print(f"logs are in {folder}" if failed else "everything held")
    if not failed:
        shutil.rmtree(folder)
    return int(failed)


def _play(row: Row, folder: Path, amounts: Amounts) -> Outcome:
    try:
        return row.play(folder, amounts)
    except LeftOutError as reason:
        return Outcome(row.name, row.answers, left_out=str(reason))


def _write(outcomes: list[Outcome], seed: int) -> None:
    RESULTS.parent.mkdir(exist_ok=True)
    document = {
        "seed": seed,
        "outcomes": [dataclasses.asdict(outcome) for outcome in outcomes],
        "invariants": INVARIANTS,
        "leftOut": LEFT_OUT,
    }
    RESULTS.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description="Inject faults, and check the alerts.")
    parser.add_argument("--list", action="store_true", help="name all rows, and play none")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), help="repeat a run; default: random")
    parser.add_argument("--only", action="append", choices=[*ROWS], metavar="NAME", help="may be given again")
    parser.add_argument("--kills", type=int, default=25, help="of workers, in each row that kills; default 25")
    soak_s = int(os.environ.get("SOAK_S", "600"))
    parser.add_argument("--soak", type=int, default=soak_s, metavar="S", help="seconds; default SOAK_S, else 600")
    parser.add_argument("--scale", type=float, default=1.0, help="of the large loads; default 1, five million events")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
