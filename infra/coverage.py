"""What the tests reached, from slipcover's report, and whether it is enough: python infra/coverage.py REPORT FLOOR

Lines and branches together, in percent, as the tests' own processes run them; services that they start come on top.
"""

import json
import sys
from pathlib import Path


def main(report: str, floor: str) -> int:
    """Exit code 1 below the floor."""
    summary = json.loads(Path(report).read_text(encoding="utf-8"))["summary"]
    lines, branches = (
        (summary[f"covered_{what}"], summary[f"covered_{what}"] + summary[f"missing_{what}"])
        for what in ("lines", "branches")
    )
    percent = 100 * (lines[0] + branches[0]) / (lines[1] + branches[1])
    print(
        f"The tests reached {lines[0]:,} of {lines[1]:,} lines and {branches[0]:,} of {branches[1]:,} branches: "
        f"{percent:.1f} % (at least {floor} %). Which not: {report}"
    )
    return int(percent < float(floor))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
