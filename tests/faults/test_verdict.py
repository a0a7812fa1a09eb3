"""The oracle notices what went wrong, and says how much."""

from typing import Any

from tests.faults.verdict import differences


def transition(incident: str, kind: str = "BREACH", good: int = 1) -> dict[str, Any]:
    return {"incidentId": incident, "type": kind, "goodCount": good}


def test_what_is_as_expected_differs_in_nothing() -> None:
    expected = [transition("a"), transition("a", "RECOVERY"), transition("b")]
    assert differences(expected, expected) == (0, 0, 0)


def test_each_kind_of_difference_is_counted() -> None:
    expected = [transition("a"), transition("a", "RECOVERY"), transition("b")]
    assert differences(expected[:2], expected) == (1, 0, 0)
    assert differences([*expected, transition("b")], expected) == (0, 1, 0)
    assert differences([*expected[:2], transition("b", good=2)], expected) == (0, 0, 1)
    assert differences([*expected, transition("c")], expected) == (0, 0, 1)
