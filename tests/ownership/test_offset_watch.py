"""What looks at the end of a partition tell: that it is another log, or that nothing comes."""

import pytest

from streams.ownership.offset_watch import LOST_AFTER_S, STUCK_AFTER_S, OffsetVerdict, OffsetWatch

Look = tuple[float, int, int]
"""Moment in seconds, where reading goes on, where the log ends."""


@pytest.mark.parametrize(
    ("looks", "told"),
    [
        pytest.param([(0, 5, 5), (STUCK_AFTER_S, 5, 5), (60, 5, 5)], OffsetVerdict.NOTHING, id="read to its end"),
        pytest.param([(0, 5, 9), (STUCK_AFTER_S, 6, 9)], OffsetVerdict.NOTHING, id="slowly read on"),
        pytest.param([(0, 5, 9), (STUCK_AFTER_S, 5, 12)], OffsetVerdict.STUCK, id="nothing comes"),
        pytest.param(
            [(0, 5, 5), (60, 5, 6), (69, 5, 6)], OffsetVerdict.NOTHING, id="waited only since there is something"
        ),
        pytest.param([(0, 5, 9), (10, 5, 9), (19, 5, 9)], OffsetVerdict.NOTHING, id="stuck is told now and then"),
        pytest.param([(0, 5, 9), (10, 5, 9), (20, 5, 9)], OffsetVerdict.STUCK, id="stuck is told again"),
        pytest.param([(0, 5, 5), (1, 5, 0), (10.9, 5, 2)], OffsetVerdict.NOTHING, id="shorter for a moment"),
        pytest.param([(0, 5, 5), (1, 5, 0), (1 + LOST_AFTER_S, 5, 2)], OffsetVerdict.LOST, id="shorter for good"),
        pytest.param([(0, 5, 0), (5, 5, 5), (LOST_AFTER_S, 5, 0)], OffsetVerdict.NOTHING, id="whole again in between"),
    ],
)
def test_looks_tell(looks: list[Look], told: OffsetVerdict) -> None:
    offset_watch = OffsetWatch()
    assert [offset_watch.look(*look) for look in looks][-1] is told
