"""`python -m tests.faults`: inject one fault after the other, and hold what was published against a recount."""

import argparse
import dataclasses
import logging
import random
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

import orjson
from rich.console import Console

from tests.faults.fault import run_fault
from tests.faults.matrix import FAULTS
from tests.faults.report import print_report

RESULTS: Final = Path("build/faults.json")


def main() -> int:
    """Exit code 1 when anything was lost, published twice or wrong, or did not recover."""
    options = _options()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it complains of every fault
    console = Console()
    console.print(f"seed {options.seed}")
    outcomes = []
    folder = Path(tempfile.mkdtemp(prefix="slo-faults-"))
    for name in options.only or FAULTS:
        outcome = run_fault(FAULTS[name], folder / name, options.seed, options.kills)
        console.print(f"{name}: {'FAILED' if outcome.problem else 'held'} after {outcome.took_s:.0f} s")
        outcomes.append(outcome)
    print_report(outcomes, Console(width=140))
    RESULTS.parent.mkdir(exist_ok=True)
    document = {"seed": options.seed, "outcomes": [dataclasses.asdict(outcome) for outcome in outcomes]}
    RESULTS.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS))
    failed = any(outcome.problem for outcome in outcomes)
    console.print(f"logs are in {folder}" if failed else "everything held")
    if not failed:
        shutil.rmtree(folder)
    return int(failed)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description="Inject faults, and check the alerts.")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), help="repeat a run; default: random")
    parser.add_argument("--only", action="append", choices=[*FAULTS], help="only this one; may be given again")
    parser.add_argument("--kills", type=int, default=20, help="of workers at commit steps; default 20")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
