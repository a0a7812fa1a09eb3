"""The quickest of the faults, in every run of the tests; `make faults` injects them all."""

from pathlib import Path

import pytest

from tests.faults.fault import Fault, run_fault
from tests.faults.matrix import FAULTS
from tests.faults.outages import broker_crashes


@pytest.mark.timeout(450)
@pytest.mark.parametrize("fault", [Fault("broker-crash", broker_crashes(1)), FAULTS["cut-5s"]], ids=lambda f: f.name)
def test_nothing_is_lost_or_published_twice(fault: Fault, tmp_path: Path) -> None:
    outcome = run_fault(fault, tmp_path / fault.name, seed=1, kills=0)
    assert outcome.problem is None, outcome.problem
