"""State kept over a rebalance: used where nobody has committed since, forgotten where it was not assigned back."""

import pytest
from faust.types import TP

from streams.names import WEBHOOK, Topics
from streams.ownership.retained import RetainedState
from streams.reference.reference import Reference
from streams.unit.committed_position import CommittedPosition
from streams.unit.unit import Unit
from tests.build import APPLICATION, NEW

HERE, THERE = TP("slo.webhook.v1", 3), TP("slo.webhook.v1", 4)
OWN = CommittedPosition(committed=7, changelog_end=40)


def new_unit() -> Unit:
    return Unit(WEBHOOK, Topics(), APPLICATION, 3, lambda _key: True, [], 0, Reference(Topics()), NEW)


def test_what_nobody_has_changed_is_used_once() -> None:
    retained, unit = RetainedState[Unit](), new_unit()
    retained.put(HERE, unit, OWN)
    assert retained.take(HERE, OWN) is unit
    assert retained.take(HERE, OWN) is None


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(CommittedPosition(9, 44), id="another worker has read on"),
        pytest.param(CommittedPosition(7, 43), id="another worker has judged what was read"),
        pytest.param(CommittedPosition(7, 41), id="a transaction of another worker was aborted"),
        pytest.param(CommittedPosition(5, 40), id="an operator has moved the group"),
        pytest.param(CommittedPosition(None, 0), id="an operator has removed group and changelog"),
    ],
)
def test_what_may_be_out_of_date_is_never_used(found: CommittedPosition) -> None:
    retained = RetainedState[Unit]()
    retained.put(HERE, new_unit(), OWN)
    assert retained.take(HERE, found) is None
    assert retained.take(HERE, OWN) is None


def test_a_partition_that_never_committed_is_kept_too() -> None:
    retained, unit, mark = RetainedState[Unit](), new_unit(), CommittedPosition(None, 0)
    retained.put(HERE, unit, mark)
    assert retained.take(HERE, mark) is unit
    assert retained.take(THERE, mark) is None


def test_what_is_not_assigned_back_is_forgotten() -> None:
    retained, unit = RetainedState[Unit](), new_unit()
    retained.put(HERE, unit, OWN)
    retained.put(THERE, new_unit(), OWN)
    retained.keep_only({HERE})
    assert retained.take(THERE, OWN) is None
    assert retained.take(HERE, OWN) is unit
