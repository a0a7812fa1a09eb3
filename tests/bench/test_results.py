"""Rounds in, medians and verdicts out, for people and as JSON."""

import io

import orjson
from rich.console import Console

from tests.bench.report import print_report, rows
from tests.bench.results import Results

SPEED, RATIO = ("worker", "events per CPU second"), ("worker", "times the raw loop")


def results() -> Results:
    results = Results()
    for speed, ratio in ((390_000, 1.2), (410_000, 0.9), (900_000, 0.8)):
        results.add({SPEED: speed, RATIO: ratio})
    return results


def printed(*, terminal: bool) -> str:
    text = io.StringIO()
    print_report(results(), Console(file=text, force_terminal=terminal, width=100, color_system=None))
    return text.getvalue()


def test_the_median_stands_with_its_range() -> None:
    assert list(rows(results())) == [
        (*SPEED, "410,000", "390,000", "900,000"),
        (*RATIO, "0.9", "0.8", "1.2"),
    ]


def test_goals_are_judged_by_the_median_and_only_where_measured() -> None:
    assert [(goal.name, value, reached) for goal, value, reached in results().judged()] == [
        (SPEED, 410_000, True),
        (RATIO, 0.9, False),
    ]


def test_plain_output_has_a_line_a_value_and_a_line_a_goal() -> None:
    assert printed(terminal=False).splitlines() == [
        "worker: events per CPU second: 410,000 (390,000 to 900,000)",
        "worker: times the raw loop: 0.9 (0.8 to 1.2)",
        "",
        "reached: worker events per CPU second 410,000, goal at least 400,000",
        "NOT reached: worker times the raw loop 0.9, goal at least 1",
    ]


def test_a_terminal_gets_a_table() -> None:
    head = printed(terminal=True).splitlines()[0]
    assert head.split() == ["median", "from", "to"]


def test_json_holds_every_round_and_what_was_run() -> None:
    document = orjson.loads(orjson.dumps(results().document(events=5)))
    assert document["events"] == 5
    assert document["measured"][0] == {
        "part": "worker",
        "what": "events per CPU second",
        "median": 410_000,
        "rounds": [390_000, 410_000, 900_000],
    }
    assert [(goal["what"], goal["reached"]) for goal in document["goals"]] == [(SPEED[1], True), (RATIO[1], False)]
