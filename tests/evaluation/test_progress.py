from dataclasses import replace

import pytest

from streams.evaluation.progress import PanesDoNotFitError, Progress, pane_for
from tests.model.build import DEFAULTS

OBJECTIVE = DEFAULTS["webhook-delivery-15m"]
STORED = Progress(watermark_ms=0, judged_ms=0, pane_ms=120_000, objectives=())


def test_new_panes_serve_every_hop() -> None:
    assert pane_for([OBJECTIVE, replace(OBJECTIVE, hop_ms=90_000)], None) == 30_000
    assert pane_for([], None) == 60_000


def test_stored_panes_stay_as_they_are() -> None:
    assert pane_for([replace(OBJECTIVE, hop_ms=600_000)], STORED) == 120_000
    assert pane_for([], STORED) == 120_000


@pytest.mark.parametrize("hop_s", [60, 180, 300])
def test_a_hop_that_does_not_fit_is_refused(hop_s: int) -> None:
    with pytest.raises(PanesDoNotFitError, match=f"hop of {hop_s} s .* panes of 120 s"):
        pane_for([replace(OBJECTIVE, hop_ms=hop_s * 1_000)], STORED)
