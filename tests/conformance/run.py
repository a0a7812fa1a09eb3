#!/usr/bin/env python3
"""Hold a program against the cases: whether it gives every alert, no other, and each as it must be.

    run.py [--case NAME]... -- PROGRAM [ARGUMENT]...

In the arguments {events}, {objectives}, {until} and {lateness} stand for the files of a case, the epoch ms up to which
every boundary is judged, and how late events may come in ms. The program writes its alerts to standard output, an
object a line, in any order. Needs Python 3.9 and nothing else. Exit code 1: a case does not conform.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CASES = Path(__file__).parent / "cases"
TIME_LIMIT_S = 120
SHOWN = 5


def main() -> int:
    """Run it on each case, and say which do not conform, and how."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", action="append", help="only this case; may be given more than once")
    parser.add_argument("program", nargs="+", help="what to run, and its arguments")
    options = parser.parse_args()
    names = options.case or sorted(path.name for path in CASES.iterdir())
    failed = 0
    for name in names:
        faults = check(CASES / name, options.program)
        failed += bool(faults)
        print("ok  " if not faults else "FAIL", name)
        for fault in faults[:SHOWN]:
            print(f"      {fault}")
        if len(faults) > SHOWN:
            print(f"      and {len(faults) - SHOWN} more")
    print(f"{len(names) - failed} of {len(names)} cases conform")
    return 1 if failed else 0


def check(case: Path, program: list[str]) -> list[str]:
    """What is wrong with the alerts of a program, in words; nothing: it conforms."""
    about = json.loads((case / "case.json").read_text(encoding="utf-8"))
    named = {
        "{events}": str(case / "events.ndjson"),
        "{objectives}": str(case / "objectives.yaml"),
        "{until}": str(about["untilMillis"]),
        "{lateness}": str(about["latenessMillis"]),
    }
    command = [_filled(argument, named) for argument in program]
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIME_LIMIT_S)
    except (OSError, subprocess.TimeoutExpired) as problem:
        return [str(problem)]
    if done.returncode != 0:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
        return [f"exit code {done.returncode}: {last[0]}"]
    try:
        got = [json.loads(line) for line in done.stdout.splitlines() if line.strip()]
    except ValueError as problem:
        return [f"not a JSON object a line: {problem}"]
    lines = (case / "alerts.ndjson").read_text(encoding="utf-8").splitlines()
    return list(_differences([json.loads(line) for line in lines], got))


def _filled(argument: str, named: dict[str, str]) -> str:
    for name, value in named.items():
        argument = argument.replace(name, value)
    return argument


def _differences(wanted: list[dict[str, Any]], got: list[dict[str, Any]]) -> Iterator[str]:
    """Alerts are told apart by incident and type: each comes at most once."""
    left: dict[Any, dict[str, Any]] = {}
    for alert in got:
        key = (alert.get("incidentId"), alert.get("type"))
        if key in left:
            yield f"twice: {_label(alert)}"
        left[key] = alert
    for alert in wanted:
        found = left.pop((alert["incidentId"], alert["type"]), None)
        if found is None:
            yield f"missing: {_label(alert)}"
            continue
        for name in sorted({*alert, *found}):
            if alert.get(name) != found.get(name):
                yield f"{_label(alert)}: {name} is {found.get(name)!r}, not {alert.get(name)!r}"
    for alert in left.values():
        yield f"not expected: {_label(alert)}"


def _label(alert: dict[str, Any]) -> str:
    return " ".join(str(alert.get(name)) for name in ("type", "time", "appKey", "scope", "objective", "reason"))


if __name__ == "__main__":
    sys.exit(main())
