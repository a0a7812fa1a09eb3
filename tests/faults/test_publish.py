"""The published table has a line for every fault there is."""

from tests.faults.matrix import ROWS
from tests.faults.publish import WHAT


def test_every_row_says_what_happens_in_it() -> None:
    assert WHAT.keys() == ROWS.keys()
