"""`slo-streams standing` on a real PostgreSQL: what is shown, and what may be decided."""

import orjson
import pytest
from typer.testing import CliRunner

from streams.cli.app import app
from streams.exits import ExitCode
from tests.impact.build import APP, Ladder

PERSON = ("--who", "kim", "--why", "as agreed")


@pytest.fixture
def ladder(database: str) -> Ladder:
    return Ladder(database)


def run(ladder: Ladder, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["standing", *arguments], env={"SLO_DATABASE_URL": ladder.url})
    return result.exit_code, result.output


def test_it_is_shown_to_people_and_to_programs(ladder: Ladder) -> None:
    incident = ladder.breach(1)
    ladder.judge()
    code, said = run(ladder, APP)
    assert code == 0
    assert f"{APP}: NOTIFIED since 2026-02-17T00:00:00Z" in said
    code, said = run(ladder, APP, "--json")
    document = orjson.loads(said)
    assert (document["stage"], document["episodes"][0]["incidentIds"]) == ("NOTIFIED", [incident])
    code, said = run(ladder, "list", "--json")
    assert [(one["appKey"], one["stage"], one["counted"]) for one in orjson.loads(said)] == [(APP, "NOTIFIED", 1)]
    assert "NOTIFIED  com.example.app" in run(ladder, "list")[1]


def test_an_app_that_never_had_a_breach_is_clear(ladder: Ladder) -> None:
    assert run(ladder, "com.example.quiet") == (0, "com.example.quiet: CLEAR\n")
    assert run(ladder, "list") == (0, "Every app is clear.\n")
    assert orjson.loads(run(ladder, "show", "list", "--json")[1])["stage"] == "CLEAR"


def test_an_appeal_is_made_accepted_and_shown(ladder: Ladder) -> None:
    incident = ladder.breach(1)
    ladder.judge()
    code, said = run(ladder, "appeal", APP, incident, *PERSON)
    assert code == 0
    assert "accept-appeal --appeal 1" in said
    assert run(ladder, "appeal", APP, incident, *PERSON)[0] == 1
    assert ladder.judge() == []
    assert run(ladder, "decide", APP, "accept-appeal", "--appeal", "1", *PERSON)[0] == 0
    assert [change[1:] for change in ladder.judge()] == [("CLEAR", "RETRACTED")]
    said = run(ladder, APP)[1]
    for words in ("Appeals", incident, "ACCEPT_APPEAL", "as agreed", "appeal 1 was accepted"):
        assert words in said


def test_a_demotion_is_approved_when_it_is_due_and_undone_when_it_is_earned(ladder: Ladder) -> None:
    assert run(ladder, "decide", APP, "approve", *PERSON) == (1, f"No demotion of {APP} is due: it stands at CLEAR.\n")
    for day in (1, 5, 12, 20):
        ladder.breach(day)
    ladder.passes(40)
    ladder.judge()
    assert run(ladder, "decide", APP, "reinstate", *PERSON)[0] == 1
    assert run(ladder, "decide", APP, "approve", "--json", *PERSON)[0] == 0
    assert [change[1:] for change in ladder.judge()] == [("DEMOTED", "DECISION")]
    assert run(ladder, "decide", APP, "reinstate", *PERSON)[0] == 0
    assert [change[1:] for change in ladder.judge()] == [("CLEAR", "DECISION")]


def test_an_override_needs_a_stage_and_is_ended_once(ladder: Ladder) -> None:
    assert run(ladder, "decide", APP, "override", *PERSON)[0] == ExitCode.MISUSED
    assert (
        run(ladder, "decide", APP, "override", "--stage", "DEMOTED", "--until", "2022-01-01T00:00:00Z", *PERSON)[0] == 1
    )
    assert run(ladder, "decide", APP, "override", "--stage", "DEMOTED", *PERSON)[0] == 0
    assert [change[1:] for change in ladder.judge()] == [("DEMOTED", "DECISION")]
    code, said = run(ladder, "decide", APP, "reinstate", *PERSON)
    assert (code, said) == (1, f"{APP} stands at DEMOTED by an override: end that first, with end-override.\n")
    assert run(ladder, "decide", APP, "end-override", *PERSON)[0] == 0
    assert run(ladder, "decide", APP, "end-override", *PERSON)[0] == 1
    assert [change[1:] for change in ladder.judge()] == [("CLEAR", "DECISION")]


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("appeal", APP, "q1mXo8Hc5vE", "--why", "so"), id="nobody"),
        pytest.param(("decide", APP, "approve", "--who", "kim"), id="no reason"),
        pytest.param(("decide", APP, "accept-appeal", *PERSON), id="no appeal"),
        pytest.param(("decide", APP, "approve", "--stage", "CLEAR", *PERSON), id="a stage of nothing"),
    ],
)
def test_who_and_why_and_what_it_is_of_are_asked_for(ladder: Ladder, arguments: tuple[str, ...]) -> None:
    assert run(ladder, *arguments)[0] == ExitCode.MISUSED


def test_what_is_refused_says_why(ladder: Ladder) -> None:
    assert "has no incident" in run(ladder, "appeal", APP, "q1mXo8Hc5vE", *PERSON)[1]
    assert "has no appeal 7" in run(ladder, "decide", APP, "reject-appeal", "--appeal", "7", *PERSON)[1]
    assert (
        "Say who decides" in run(ladder, "decide", APP, "reject-appeal", "--appeal", "7", "--who", " ", "--why", "x")[1]
    )
