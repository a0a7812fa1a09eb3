"""The check of stored state notices what was lost, counted twice or invented."""

from streams.evaluation.series import Series
from streams.names import WEBHOOK
from streams.tables.tables import TumblingTable
from tests.faults.state import Cell, pane_violations

MINUTE_MS = 60_000
APP, SCOPE = "com.example.app", "Jira"


def cell(minute: int) -> Cell:
    return APP, SCOPE, minute * MINUTE_MS, False


def violations(recount: dict[Cell, tuple[int, int]], since_minute: int = 0) -> list[str]:
    """Held against a stored pane of one good and one bad event in minute 5."""
    series = Series((APP, SCOPE))
    series.by_host.add(5, 1, 1)
    table = TumblingTable(WEBHOOK, {series.key: series}, MINUTE_MS)
    return list(pane_violations(table, recount, since_minute * MINUTE_MS))


def test_what_is_stored_as_it_was_sent_is_right() -> None:
    assert violations({cell(5): (1, 1)}) == []


def test_a_lost_a_doubled_and_an_invented_event() -> None:
    for sent in ((2, 1), (1, 0)):
        (said,) = violations({cell(5): sent})
        assert "holds 1 good and 1 bad" in said
        assert str(sent) in said
    (said,) = violations({})
    assert "None" in said


def test_a_lost_pane_counts_where_it_is_still_needed() -> None:
    recount = {cell(5): (1, 1), cell(4): (1, 0)}
    (said,) = violations(recount)
    assert "is not stored" in said
    assert violations(recount, since_minute=5) == []
