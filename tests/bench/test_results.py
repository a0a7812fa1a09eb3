"""Rounds in, medians and verdicts out, for people and as JSON."""

import io
from pathlib import Path
from statistics import median

import orjson
from rich.console import Console

from tests.bench.report import print_report, rows
from tests.bench.results import BEST_PEER, Results, medians

PART = "slo-streams, one worker @ 1000000"
SPEED, RATIO = (PART, "events per CPU second, warm"), (PART, f"times {BEST_PEER}, warm")


def results() -> Results:
    results = Results()
    for speed, ratio in ((690_000, 2.2), (710_000, 1.9), (900_000, 1.8)):
        results.add({SPEED: speed, RATIO: ratio})
    return results


def printed(*, terminal: bool) -> str:
    text = io.StringIO()
    print_report(results(), Console(file=text, force_terminal=terminal, width=120, color_system=None))
    return text.getvalue()


def test_the_median_stands_with_its_range() -> None:
    assert list(rows(results())) == [
        (*SPEED, "710,000", "690,000", "900,000"),
        (*RATIO, "1.9", "1.8", "2.2"),
    ]


def test_goals_are_judged_by_the_median_and_only_where_measured() -> None:
    assert [(name, value, reached) for _, name, value, reached in results().judged()] == [
        (SPEED, 710_000, True),
        (RATIO, 1.9, False),
    ]


def test_plain_output_has_a_line_a_value_and_a_line_a_goal() -> None:
    assert printed(terminal=False).splitlines() == [
        f"{PART}: events per CPU second, warm: 710,000 (690,000 to 900,000)",
        f"{PART}: times {BEST_PEER}, warm: 1.9 (1.8 to 2.2)",
        "",
        f"reached: {PART}: events per CPU second, warm 710,000, goal at least 700,000",
        f"NOT reached: {PART}: times {BEST_PEER}, warm 1.9, goal at least 2",
    ]


def test_a_terminal_gets_a_table() -> None:
    head = printed(terminal=True).splitlines()[0]
    assert head.split() == ["median", "from", "to"]


def test_json_holds_every_round_and_what_was_run() -> None:
    document = orjson.loads(orjson.dumps(results().document({}, load=1.5, events=5)))
    assert document["events"] == 5
    assert document["measured"][0] == {
        "part": PART,
        "what": SPEED[1],
        "median": 710_000,
        "rounds": [690_000, 710_000, 900_000],
        "loadAverage": 1.5,
    }
    assert [(goal["what"], goal["reached"]) for goal in document["goals"]] == [(SPEED[1], True), (RATIO[1], False)]


def test_parts_that_were_not_measured_again_stay() -> None:
    earlier = Results()
    for rate in (1.0, 2.0, 3.0):
        earlier.add({("restore", "rows per second"): rate, SPEED: 7.0, (PART, "gone"): 8.0})
    before = earlier.document({}, load=0.5)
    document = orjson.loads(orjson.dumps(results().document(before, load=9.5)))
    assert document.keys() == before.keys()
    assert document["measured"][0] == before["measured"][0]
    assert medians(document) == {("restore", "rows per second"): 2.0, SPEED: 710_000, RATIO: 1.9}


def test_what_is_published_says_of_every_value_how_often_it_was_measured() -> None:
    document = orjson.loads(Path("infra/bench/results.json").read_bytes())
    assert "rounds" not in document
    assert all(entry["median"] == median(entry["rounds"]) for entry in document["measured"])
