"""The quickest of the faults, in every run of the tests; `make faults` injects them all."""

from pathlib import Path

import pytest

from tests.faults.fault import Fault
from tests.faults.matrix import ROWS
from tests.faults.outages import broker_crashes
from tests.faults.row import Amounts, Row


@pytest.mark.timeout(500)
@pytest.mark.parametrize(
    "row", [Fault("broker-crash", "F4", broker_crashes(1)), ROWS["cut-5s"]], ids=lambda row: row.name
)
def test_nothing_is_lost_or_published_twice(row: Row, tmp_path: Path) -> None:
    outcome = row.play(tmp_path / row.name, Amounts(seed=1, kills=0, soak_s=0))
    assert outcome.problem is None, outcome.problem
