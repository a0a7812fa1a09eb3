from dataclasses import replace

import pytest

from streams.evaluation.progress import PanesDoNotFitError, Progress, added_since, pane_for
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


DAY_MS = 86_400_000
LONGER = replace(OBJECTIVE, window_ms=DAY_MS)


def stored_with(judged_ms: int, *, added_ms: dict[str, int] | None = None, window_ms: int = 900_000) -> Progress:
    objectives = (replace(OBJECTIVE, window_ms=window_ms),)
    return Progress(judged_ms, judged_ms, 60_000, objectives, added_ms=added_ms or {})


@pytest.mark.parametrize("name", [OBJECTIVE.name, "another"])
def test_a_longer_window_waits_for_its_panes_whether_it_has_the_name_of_a_shorter_one_or_not(name: str) -> None:
    assert added_since(stored_with(DAY_MS), [replace(LONGER, name=name)]) == {name: DAY_MS}


def test_it_waits_until_one_window_later_over_restarts() -> None:
    name = OBJECTIVE.name
    for later_ms, waits in ((0, True), (DAY_MS - 60_000, True), (DAY_MS, False)):
        stored = stored_with(DAY_MS + later_ms, added_ms={name: DAY_MS}, window_ms=DAY_MS)
        assert added_since(stored, [LONGER]) == ({name: DAY_MS} if waits else {})


def test_one_that_gets_longer_once_more_begins_to_wait_anew() -> None:
    stored = stored_with(DAY_MS + 60_000, added_ms={OBJECTIVE.name: DAY_MS}, window_ms=DAY_MS)
    assert added_since(stored, [replace(LONGER, window_ms=2 * DAY_MS)]) == {OBJECTIVE.name: DAY_MS + 60_000}


def test_what_the_stored_panes_hold_is_judged_at_once() -> None:
    shorter = replace(OBJECTIVE, window_ms=600_000)
    assert added_since(stored_with(DAY_MS), [OBJECTIVE, shorter, replace(shorter, name="another")]) == {}
    assert added_since(None, [LONGER]) == {}
