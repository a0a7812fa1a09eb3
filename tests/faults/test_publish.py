"""The published tables have a line for every fault there is, and keep those of faults that were not played."""

from typing import Any

from tests.faults.matrix import ROWS
from tests.faults.publish import WHAT, published

PAGE = """before
<!-- faults -->
| fault | what happens |
|---|---|
| `hot-key` (load) | as it was |
<!-- /faults -->
between
<!-- bounds -->
<!-- /bounds -->
after
"""


def outcome(row: str, **figures: float) -> dict[str, Any]:
    verdict = {"events": 1_000, "alerts": 2, "lost": 0, "duplicated": 0, "wrong": 0}
    told = {"answers": "F1", "left_out": None, "injected": 25, "recovery_s": 8.06, "exits": {"-9": 30}}
    return {"row": row, "verdict": verdict, "figures": figures, **told}


def test_every_row_says_what_happens_in_it() -> None:
    assert WHAT.keys() == ROWS.keys()


def test_a_line_is_written_anew_and_one_that_was_not_played_stays() -> None:
    page = published(PAGE, [outcome("kill-in-commit")])
    before, _, rest = page.partition("<!-- faults -->\n")
    faults, _, after = rest.partition("<!-- /faults -->")
    assert (before, after[:9]) == ("before\n", "\nbetween\n")
    assert faults.splitlines()[2:] == [
        "| `kill-in-commit` (F1) | SIGKILL at a random step of a commit | 25 | 1,000 | 2 | 0 | 0 | 0 | 8.1 | -9: 30 |",
        "| `hot-key` (load) | as it was |",
    ]
    assert published(page, [outcome("kill-in-commit")]) == page


def test_what_has_bounds_has_a_line_in_their_table() -> None:
    told = {"usual peak MB": 90.4, "peak MB": 130.6, "usual longest answer s": 0.05, "longest answer s": 0.337}
    page = published(PAGE, [outcome("kill-in-commit"), outcome("huge-values", **told, **{"read s": 5.04})])
    bounds = page.partition("<!-- bounds -->")[2].partition("<!-- /bounds -->")[0].splitlines()
    assert bounds[3:] == [
        "| `huge-values` | 1.6 GB of values in 51 KB of batches | 90 | 131 | 0.05 | 0.34 | 5.0 |",
    ]
