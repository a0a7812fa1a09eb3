"""`slo-streams incidents` on a real PostgreSQL."""

import asyncio

import orjson
import pytest
from typer.testing import CliRunner

from streams.cli.app import app
from streams.exits import ExitCode
from tests.incidents.build import Desk, fault, file, incidents, patient, rows


class Terminal:
    """Where commands are typed."""

    def __init__(self, url: str) -> None:
        self.url = url

    def run(self, *arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["incidents", *arguments], env={"SLO_DATABASE_URL": self.url})
        return result.exit_code, result.output

    def says(self, *arguments: str) -> str:
        code, said = self.run(*arguments)
        assert code == 0, said
        return said

    def json(self, *arguments: str) -> object:
        return orjson.loads(self.says(*arguments, "--json"))

    def raised(self, *arguments: str) -> str:
        return self.says("raise", *arguments).partition(":")[0]


@pytest.fixture
def terminal(database: str) -> Terminal:
    return Terminal(database)


@pytest.fixture
def candidate(terminal: Terminal) -> str:
    """A dozen apps breached at 12:00."""

    async def scenario() -> None:
        async with patient(terminal.url) as one:
            await file(one, fault(12, "12:00"))
            await Desk(one).until("12:01")

    asyncio.run(scenario())
    (found,) = incidents(terminal.url)
    return str(found["id"])


def shown(terminal: Terminal, incident: str) -> dict[str, object]:
    found = terminal.json("show", incident)
    assert isinstance(found, dict)
    return found


def test_a_partner_raises_one_and_it_goes_its_way_to_a_signed_off_review(terminal: Terminal, tmp_path: object) -> None:
    incident = terminal.raised("Installations fail", "--by", "PARTNER", "--partner", "acme", "--app", "com.acme.charts")
    assert shown(terminal, incident)["severity"] is None  # one app
    for partner in ("foo", "bar", "foo"):
        terminal.says("report", incident, "--partner", partner)
    assert shown(terminal, incident)["reports"] == 3
    assert shown(terminal, incident)["severity"] == "SEV3"
    terminal.says("state", incident, "INVESTIGATING", "--who", "anna")
    terminal.says("note", incident, "--public", "We look into it.", "--who", "anna")
    terminal.says("state", incident, "RESOLVED", "--why", "rolled back")
    terminal.says("pir", incident, "--action", "ben: alert on full disks by 2026-04-30", "--at-fault", "APP")
    assert terminal.run("pir", incident, "--sign-off", "--role", "incident-manager")[0] == 1  # not submitted
    terminal.says("pir", incident, "--submit")
    code, said = terminal.run("pir", incident, "--sign-off")
    assert (code, said) == (1, "Only the role incident-manager signs off a review.\n")
    assert terminal.run("state", incident, "CLOSED")[0] == 1
    terminal.says("pir", incident, "--sign-off", "--role", "incident-manager", "--who", "carla")
    terminal.says("state", incident, "CLOSED")
    record = shown(terminal, incident)
    assert record["pir"] == {
        "status": "SIGNED_OFF",
        "text": "",
        "actions": [{"what": "alert on full disks", "owner": "ben", "due": "2026-04-30"}],
        "systemAtFault": "APP",
        "signedOffBy": "carla",
    }
    assert [one["act"] for one in record["timeline"]] == [  # type: ignore[attr-defined]
        "RAISED", "REPORTED", "REPORTED", "STATE", "NOTE", "STATE", "PIR", "PIR", "PIR", "STATE",
    ]  # fmt: skip
    assert terminal.json("list") == []
    assert terminal.json("list", "--all") == [record]


def test_a_candidate_is_confirmed_and_its_exclusion_approved(terminal: Terminal, candidate: str) -> None:
    said = terminal.says("show", candidate)
    assert "approving would leave this out of every budget" in said
    assert f"inc-{candidate}: webhook-delivery-success-rate of Jira, all apps, 2026-03-02 11:55:00Z" in said
    code, said = terminal.run("approve-exclusion", candidate)
    assert (code, said) == (1, f"Incident {candidate} is a candidate: confirm it first.\n")
    terminal.says("confirm", candidate, "--fault", "PLATFORM", "--why", "delivery service is down")
    assert "Would be left out" in terminal.says("approve-exclusion", candidate, "--dry-run")
    assert rows(terminal.url, "select from outbox where topic = 'slo.exclusions.v1'") == []
    assert "Approved." in terminal.says("approve-exclusion", candidate, "--why", "delivery service was down")
    (written,) = rows(terminal.url, "select key, value from outbox where topic = 'slo.exclusions.v1'")
    assert written["key"] == f"inc-{candidate}"
    assert orjson.loads(written["value"]) == {
        "id": f"inc-{candidate}",
        "appKey": None,
        "metricId": "webhook-delivery-success-rate",
        "scope": "Jira",
        "reason": "PLATFORM_FAULT",
        "start": 1_772_452_500_000,
        "end": None,
        "announcedAt": None,
    }
    assert shown(terminal, candidate)["exclusions"] == [f"inc-{candidate}"]


def test_a_dismissed_one_is_left_alone(terminal: Terminal, candidate: str) -> None:
    assert "DISMISSED" in terminal.says("dismiss", candidate, "--why", "three deploys at noon")
    code, said = terminal.run("confirm", candidate)
    assert code == 1
    assert "was dismissed" in said


def test_a_person_decides_the_severity_and_takes_it_back(terminal: Terminal, candidate: str) -> None:
    terminal.says("confirm", candidate)
    terminal.says("state", candidate, "--severity", "SEV1", "--why", "all of checkout")
    assert shown(terminal, candidate)["severity"] == "SEV1"
    terminal.says("state", candidate, "--severity", "auto")
    assert shown(terminal, candidate)["severity"] == "SEV3"


def test_what_cannot_be_meant(terminal: Terminal, candidate: str) -> None:
    assert terminal.run("show", "nothing")[0] == 1
    assert terminal.run("state", candidate)[0] == 2
    assert terminal.run("state", candidate, "--severity", "SEV9")[0] == 2
    assert terminal.run("raise", "x", "--capability", "Coffee")[0] == 1
    assert terminal.run("note", candidate, " ")[0] == 2


def test_without_its_database(empty_database: str) -> None:
    code, said = Terminal(empty_database).run("list")
    assert code == ExitCode.REFUSED
    assert "slo-streams database migrate" in said
    assert Terminal("postgresql://nobody@127.0.0.1:1/none").run("list")[0] == ExitCode.UNAVAILABLE


def test_what_an_approval_would_change_is_told_before(terminal: Terminal, candidate: str) -> None:
    terminal.says("confirm", candidate)
    told = terminal.json("approve-exclusion", candidate, "--dry-run")
    assert isinstance(told, dict)
    assert [one["id"] for one in told["exclusions"]] == [f"inc-{candidate}"]
    apps = [f"com.example.app-{number:02}" for number in range(12)]
    assert [one["appKey"] for one in told["breaches"]] == apps
    assert told["stages"] == [{"appKey": app_key, "before": "NOTIFIED", "after": "CLEAR"} for app_key in apps]
    said = terminal.says("approve-exclusion", candidate)
    assert "12 breaches of 12 apps do not count:" in said
    assert "  com.example.app-11: NOTIFIED to CLEAR" in said


def test_how_incidents_went_is_there_for_reports_without_trials(terminal: Terminal) -> None:
    kept = terminal.raised("Down", "--app", "com.acme.charts", "--app", "com.foo.x")
    terminal.raised("Fire drill", "--app", "com.acme.charts", "--trial")
    terminal.says("note", kept, "--public", "We look.")
    terminal.says("state", kept, "RESOLVED")

    async def scenario() -> None:
        async with patient(terminal.url) as one:
            look = Desk(one)
            await one.run(lambda connection: look.projection.refresh(connection, 2**41, None))

    asyncio.run(scenario())
    found = terminal.json("measures", "--by", "app")
    assert isinstance(found, list)
    assert [(one["appKey"], one["count"]) for one in found] == [("com.acme.charts", 1), ("com.foo.x", 1)]
    assert all(one[name] is not None for one in found for name in ("timeToUpdateSeconds", "timeToRecoverSeconds"))
