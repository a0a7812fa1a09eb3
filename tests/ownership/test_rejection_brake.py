"""When nearly everything is rejected, and when it only looks like that."""

import pytest

from schemas.rejected import RejectReason
from streams.health.counts import RECORDS, Count, rejected
from streams.ownership.rejection_brake import BrakeError, RejectionBrake

Counts = dict[Count, int]


def counts(records: int, **refused: int) -> Counts:
    return {RECORDS: records, **{rejected(RejectReason[reason.upper()]): count for reason, count in refused.items()}}


@pytest.mark.parametrize(
    ("looks", "is_pulled"),
    [
        pytest.param([(0, counts(1_000, schema=950))], True, id="as many and as large a share as set"),
        pytest.param([(0, counts(1_000, schema=500, not_json=450))], True, id="whatever the reasons"),
        pytest.param([(0, counts(999, schema=999))], False, id="a burst"),
        pytest.param([(0, counts(1_000, schema=949))], False, id="some are good"),
        pytest.param([(0, counts(5_000, too_late=5_000))], False, id="a producer that was cut off"),
        pytest.param(
            [(0, counts(1)), (30, counts(800, schema=799)), (59, counts(1_200, schema=1_199))], True, id="add"
        ),
        pytest.param(
            [(0, counts(10, schema=10)), (61, counts(500, schema=500)), (7_200, counts(1_000, schema=1_000))],
            True,
            id="a trickle of nothing else",
        ),
        pytest.param(
            [(0, counts(100_000)), (60, counts(100_000)), (61, counts(101_000, schema=1_000))],
            True,
            id="after a good minute",
        ),
        pytest.param([(0, counts(100_000)), (1, counts(101_000, schema=1_000))], False, id="within a good minute"),
    ],
)
def test_it_is_pulled_when_nearly_everything_is_rejected(looks: list[tuple[float, Counts]], is_pulled: bool) -> None:
    brake = RejectionBrake(records=1_000, percent=95)
    *earlier, last = looks
    for look in earlier:
        brake.look(*look)
    if not is_pulled:
        brake.look(*last)
    else:
        with pytest.raises(BrakeError, match="SLO_BRAKE_RECORDS=0"):
            brake.look(*last)


def test_it_can_be_switched_off() -> None:
    RejectionBrake(records=0, percent=95).look(0, counts(1_000_000, schema=1_000_000))
