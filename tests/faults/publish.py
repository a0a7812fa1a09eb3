"""`python -m tests.faults.publish`: the last run of all rows as the table of the documentation."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tests.faults.matrix import ROWS

RESULTS: Final = Path("build/faults.json")
PAGE: Final = Path("infra/docs/pages/explanation/promise.md")
_APART: Final = ("load", "F17")
_BEGIN, _END = "<!-- faults -->\n", "<!-- /faults -->"
_HEAD: Final = """\
| fault | what happens | times | events | alerts | lost | twice | wrong | recovery s | exits |
|---|---|---:|---:|---:|---:|---:|---:|---:|---|
"""
_BOUNDS_BEGIN, _BOUNDS_END = "<!-- bounds -->\n", "<!-- /bounds -->"
_BOUNDS_HEAD: Final = """\
| load | what it is | usual peak, MB | peak, MB | usual longest pause, s | longest pause, s | read in, s |
|---|---|---:|---:|---:|---:|---:|
"""
_USUAL_MB: Final = "usual peak MB"

WHAT: Final = {
    "kill-in-commit": "SIGKILL at a random step of a commit",
    "kill-at-any-moment": "SIGKILL at a random moment",
    "kill-beside-standby": "the same, where every worker stands by for the others",
    "zombie": "SIGSTOP until others have taken over, then SIGCONT",
    "rebalance-storm": "2 to 4 workers, another number every 5 s",
    "broker-crash": "the broker is killed and comes back",
    "rolling-bounce": "three brokers restarted in turn",
    "cut-5s": "network cut 5 s",
    "cut-30s": "network cut 30 s",
    "blackhole-15s": "half-open network 15 s",
    "latency-2s": "2 s latency each way for 20 s",
    "duplicates": "every 20th event sent twice, all out of order",
    "late-and-future": "up to 2 h late, or a year ahead",
    "poison": "every 4th value broken, some of 2 MB",
    "live-clock-kills": "SIGKILL under the live clock",
    "clock-ahead-1h": "all producers' clocks an hour behind the broker's",
    "clock-behind-1h": "all producers' clocks an hour ahead of the broker's",
    "worker-clock-ahead-1h": "one worker's clock an hour ahead, inputs stamped by the broker",
    "worker-clock-behind-1h": "one worker's clock an hour behind, inputs stamped by the broker",
    "producer-clock-ahead-1h": "one producer's clock an hour ahead: its events are refused, nobody is late",
    "join-never-answered": "the group never answers a join: it ends, and is started anew",
    "fetch-never-answered": "no fetch is ever answered: it ends, and is started anew",
    "exclusions-deleted": "the exclusions' topic is deleted: it ends, and says so",
    "no-disk-for-workers": "workers cannot write a byte",
    "broker-disk-full": "the broker's disk is full for 10 s",
    "many-objectives": "500 objectives on one metric",
    "many-panes": "1,440 panes in a window",
    "changelog-deleted": "the state topic is deleted: refused",
    "changelog-truncated": "it lost rows: refused",
    "changelog-ends-in-markers": "it ends in aborted transactions",
    "group-deleted": "committed offsets deleted: the state wins",
    "records-expired": "unread records expired: said, gone on",
    "input-recreated": "an input made anew: refused",
    "partitions-added": "partition count changed: refused",
    "other-prefix": "the same application under another topic prefix: refused",
    "other-partitioner": "the same application with another partitioner: refused",
    "changelog-tail-lost": "the state topic lost its end: refused",
    "foreign-commits": "another program commits offsets of the group: the state wins",
    "alert-state-deleted": "the topic of alert states is deleted and made anew: filled again",
    "second-application": "two applications on the same topics",
    "canary-beside-production": "a canary with outputs of its own beside production, both killed",
    "kill-in-restore": "SIGKILL during restore",
    "slow-values": "values that take long to read, in batches of 80 KB",
    "huge-values": "1.6 GB of values in 51 KB of batches",
    "large-rejects": "900 MB of values that cannot be used, in 41 KB",
    "scopes-400k": "400,000 scopes of one app",
    "boundary-100k": "100,000 breaches at one boundary of a partition",
    "burst-5m": "a backlog of 5,000,000",
    "hot-key": "90 % of events of one app",
    "million-series": "1,000,000 series (recovery: restore)",
    "take-over-400k": "SIGKILL with 400,000 series",
    "alert-delay": "events as they happen, live clock",
    "soak": "9 minutes of random faults",
    "whole": "workers, history, notifiers, dashboards: random faults of any process, Kafka, PostgreSQL and the network",
    "whole-live": "the same by the brokers' clock, with gateways and probers",
}
"""What happens in each row, in a few words."""


def main() -> int:
    """Exit code 1 where the run was not of all rows, or one did not hold: such a table would promise too much.

    Loads and the soak may be left out, each of which takes minutes: their lines stay as they are.
    """
    outcomes = json.loads(RESULTS.read_text(encoding="utf-8"))["outcomes"]
    apart = {name for name, row in ROWS.items() if row.answers in _APART}
    if missing := ROWS.keys() - apart - {one["row"] for one in outcomes}:
        sys.stderr.write(f"not a run of all rows: {', '.join(sorted(missing))} lacking\n")
        return 1
    if failed := [one["row"] for one in outcomes if one["problem"]]:
        sys.stderr.write(f"did not hold: {', '.join(failed)}\n")
        return 1
    PAGE.write_text(published(PAGE.read_text(encoding="utf-8"), outcomes), encoding="utf-8")
    return 0


def published(page: str, outcomes: Sequence[dict[str, Any]]) -> str:
    """The page with both tables anew; a fault that was not played keeps its line."""
    lines = {f"`{one['row']}`": _row(one) for one in outcomes}
    for line in page.partition(_BEGIN)[2].partition(_END)[0].splitlines(keepends=True):
        if line.startswith("| `"):
            lines.setdefault(line.split(" ")[1], line)
    faults = "".join(lines[f"`{name}`"] for name in ROWS if f"`{name}`" in lines)
    bounds = "".join(_bounds_row(one) for one in outcomes if _USUAL_MB in one["figures"])
    page = _with_block(page, _BEGIN, _HEAD + faults, _END)
    return _with_block(page, _BOUNDS_BEGIN, _BOUNDS_HEAD + bounds, _BOUNDS_END)


def _with_block(page: str, begin: str, block: str, end: str) -> str:
    before, _, rest = page.partition(begin)
    return before + begin + block + end + rest.partition(end)[2]


def _bounds_row(outcome: dict[str, Any]) -> str:
    figures = outcome["figures"]
    cells = (
        f"`{outcome['row']}`",
        WHAT[outcome["row"]],
        f"{figures[_USUAL_MB]:.0f}",
        f"{figures['peak MB']:.0f}",
        f"{figures['usual longest answer s']:.2f}",
        f"{figures['longest answer s']:.2f}",
        f"{figures['read s']:.1f}",
    )
    return f"| {' | '.join(cells)} |\n"


def _row(outcome: dict[str, Any]) -> str:
    verdict, recovery_s = outcome["verdict"], outcome["recovery_s"]
    names = ("events", "alerts", "lost", "duplicated", "wrong")
    exits = ", ".join(f"{code}: {count}" for code, count in sorted(outcome["exits"].items()))
    cells = (
        f"`{outcome['row']}` ({outcome['answers']})",
        WHAT[outcome["row"]] + (" (left out)" if outcome["left_out"] else ""),
        f"{outcome['injected']:,}",
        *(f"{verdict[name]:,}" for name in names),
        "-" if recovery_s is None else f"{recovery_s:.1f}",
        exits,
    )
    return f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    sys.exit(main())
