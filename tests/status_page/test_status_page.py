"""The status page: what is on it, in which shape, and that it is whole at any moment."""

import asyncio
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest

from streams.desk.desk import Desk
from streams.incidents.entry import Act, Entry, Visibility
from streams.status_page.facts import Component, Facts, Maintenance, Shown, components_of, shown
from streams.status_page.step import StatusPageStep, files_of
from streams.status_page.writing import write_files
from tests.cli.test_incidents_command import Terminal
from tests.cli.test_incidents_command import terminal as terminal
from tests.incidents import build as incidents
from tests.model.build import clock_ms
from tests.status_page import atom
from tests.status_page.statuspage import FILES

PRODUCTS = ["Confluence", "Jira"]
HOSTILE = "<script>alert('x')</script> & \x07 ‮"


def found(kind: str = "product-metric", name: str = "Jira/webhook-delivery-success-rate") -> Entry:
    data = {
        "title": "Webhooks fail",
        "scopeKind": kind,
        "scopeName": name,
        "start": clock_ms("12:00"),
        "units": 9,
        "apps": 12,
    }
    return Entry(Act.FOUND, clock_ms("12:03"), "slo-streams", data=data)


def confirmed(visibility: str = Visibility.ALL_PARTNERS) -> Entry:
    return Entry(Act.CONFIRMED, clock_ms("12:05"), "anna", data={"visibility": visibility})


def note(text: str, at: str = "12:10", *, is_public: bool = True) -> Entry:
    return Entry(Act.NOTE, clock_ms(at), "anna", text, is_public=is_public)


def state(name: str, at: str) -> Entry:
    return Entry(Act.STATE, clock_ms(at), "anna", data={"state": name})


OUTAGE = Entry(Act.CHANGED, clock_ms("12:06"), "anna", data={"kind": "OUTAGE"})


def on_page(*entries: Entry, at: str = "13:00") -> Shown | None:
    return shown("q1TFPuySB3k", list(enumerate(entries, start=1)), PRODUCTS, clock_ms(at))


def documents(*incidents: Shown | None, maintenances: tuple[Maintenance, ...] = ()) -> dict[str, Any]:
    seen = [one for one in incidents if one is not None]
    facts = Facts(clock_ms("13:00"), components_of(PRODUCTS), seen, maintenances)
    return files_of(facts, "Acme status", "https://status.example.com")


def document(files: dict[str, bytes], name: str) -> dict[str, Any]:
    found = orjson.loads(files[f"api/v2/{name}.json"])
    assert isinstance(found, dict)
    return found


def valid(files: dict[str, bytes]) -> None:
    for path, schema in FILES.items():
        jsonschema_rs.validator_for(schema).validate(orjson.loads(files[path]))
    assert atom.faults(files["history.atom"]) == []
    HTMLParser().feed(files["index.html"].decode())


def test_all_is_well() -> None:
    files = documents()
    valid(files)
    assert document(files, "status")["status"] == {"indicator": "none", "description": "All Systems Operational"}
    assert [one["name"] for one in document(files, "components")["components"]] == [
        "App code execution",
        "Confluence: App UI",
        "Confluence: App installation",
        "Confluence: Product events",
        "Jira: App UI",
        "Jira: App installation",
        "Jira: Product events",
    ]


def test_an_incident_from_its_first_post_to_its_end() -> None:
    story = [
        found(),
        confirmed(),
        OUTAGE,
        note("We look into it."),
        state("IDENTIFIED", "12:20"),
        note("Rolling back.", "12:25"),
    ]
    files = documents(on_page(*story))
    valid(files)
    (one,) = document(files, "incidents/unresolved")["incidents"]
    assert (one["status"], one["impact"]) == ("identified", "major")
    assert [(update["status"], update["body"]) for update in one["incident_updates"]] == [
        ("identified", "Rolling back."),
        ("investigating", "We look into it."),
    ]
    statuses = {one["name"]: one["status"] for one in document(files, "components")["components"]}
    assert statuses["Jira: Product events"] == "partial_outage"
    assert statuses["Confluence: Product events"] == "operational"
    over = documents(on_page(*story, state("RESOLVED", "12:40")))
    valid(over)
    assert document(over, "incidents/unresolved")["incidents"] == []
    (one,) = document(over, "incidents")["incidents"]
    assert (one["status"], one["resolved_at"]) == ("resolved", "2026-03-02T12:40:00.000Z")
    assert document(over, "status")["status"]["indicator"] == "none"


def test_the_first_post_is_a_persons() -> None:
    assert on_page(found(), confirmed()) is None
    assert on_page(found(), confirmed(), note("internal", is_public=False), state("INVESTIGATING", "12:20")) is None


def raised(by: str, **said: object) -> Entry:
    data = {"raisedBy": by, "title": "Title", "start": clock_ms("12:00"), "visibility": "ALL_PARTNERS", **said}
    return Entry(Act.RAISED, clock_ms("12:00"), "someone", data=data)


def test_a_public_note_tells_everybody_whoever_saw_the_incident_before() -> None:
    assert on_page(found(), confirmed(Visibility.PARTNER)) is None
    assert on_page(found(), confirmed(Visibility.PARTNER), note("We look into it.")) is not None


@pytest.mark.parametrize(
    "entries",
    [
        (found(), note("not confirmed")),
        (found("partner", "id:acme"), confirmed(), note("one partner's")),
        (found("host", "apps.example.com"), confirmed(), note("a host's")),
        (found(), confirmed(Visibility.INTERNAL), note("hidden")),
        (found(), confirmed(), Entry(Act.CHANGED, 0, "anna", data={"suspectedFault": "APP"}), note("theirs")),
        (raised("PLATFORM", suspectedFault="PLATFORM", trial=True), note("a trial")),
        (raised("PARTNER", apps=["com.acme.charts"]), note("a partner's own")),
    ],
)
def test_what_is_never_shown(entries: tuple[Entry, ...]) -> None:
    assert on_page(*entries) is None


def test_names_that_attack_are_shown_as_they_are() -> None:
    files = documents(on_page(found(), confirmed(), note(HOSTILE)))
    valid(files)
    assert b"<script" not in files["index.html"]
    assert b"&lt;script&gt;" in files["index.html"]


def test_planned_downtime_of_everything() -> None:
    downtime = Maintenance("upgrade", clock_ms("12:30"), clock_ms("13:30"), clock_ms("09:00"), components_of(PRODUCTS))
    files = documents(maintenances=(downtime,))
    valid(files)
    assert document(files, "status")["status"]["indicator"] == "maintenance"
    assert {one["status"] for one in document(files, "components")["components"]} == {"under_maintenance"}
    later = documents(maintenances=(replace(downtime, start_ms=clock_ms("14:00"), end_ms=None),))
    valid(later)
    for all_of, ahead, now in ((files, 0, 1), (later, 1, 0)):
        assert len(document(all_of, "scheduled-maintenances")["scheduled_maintenances"]) == 1
        assert len(document(all_of, "scheduled-maintenances/upcoming")["scheduled_maintenances"]) == ahead
        assert len(document(all_of, "scheduled-maintenances/active")["scheduled_maintenances"]) == now


def test_a_capability_of_the_platform_that_no_sli_measures() -> None:
    one = on_page(raised("SUPPORT", capability="Hosted storage", suspectedFault="PLATFORM"), note("We look."))
    assert one is not None
    assert one.components == [Component("Hosted storage")]
    assert document(documents(one), "components")["components"][-1]["name"] == "Hosted storage"


def test_the_page_has_a_language_headings_in_order_and_names_for_all_it_shows() -> None:
    text = documents(on_page(found(), confirmed(), note("We look into it.")))["index.html"].decode()
    assert '<html lang="en">' in text
    assert text.index("<h1>") < text.index("<h2") < text.index("<h3")
    assert text.count("<main>") == text.count("</main>") == 1
    assert 'role="status"' in text
    assert "http-equiv" in text


def test_written_whole_or_not_at_all(tmp_path: Path) -> None:
    files = {"api/v2/status.json": b"{}", "index.html": b"x"}
    assert write_files(tmp_path, files) == 2
    assert write_files(tmp_path, files) == 0
    assert write_files(tmp_path, files | {"index.html": b"y"}) == 1
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == sorted(files)


def test_the_desk_writes_it_from_the_database(terminal: Terminal, tmp_path: Path) -> None:
    incident = terminal.raised(
        "Iframes stay blank", "--fault", "PLATFORM", "--visibility", "ALL_PARTNERS", "--users", "20000"
    )
    terminal.says("note", incident, "--public", "We look into it.")

    async def scenario() -> None:
        async with incidents.patient(terminal.url) as database:
            look = incidents.Desk(database)
            await database.run(lambda connection: look.projection.refresh(connection, 2**41, None))
        desk = Desk(terminal.url, [StatusPageStep(tmp_path, "Status", None)], patience_s=10, attempt_s=10)
        await desk.turn()
        await desk.close()

    asyncio.run(scenario())
    (one,) = orjson.loads((tmp_path / "api/v2/incidents.json").read_bytes())["incidents"]
    assert (one["id"], one["incident_updates"][0]["body"]) == (incident, "We look into it.")
