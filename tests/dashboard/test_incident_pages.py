"""Incidents as persons raise, report, work on and review them on the pages, each as far as it is theirs."""

import asyncio
import re
import time
from functools import partial
from html import unescape
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from streams.dashboard.viewer import Viewer, platform
from tests.dashboard.conftest import FORM_TOKEN, PLATFORM, Stage
from tests.dashboard.world import BOARDS, CHARTS, PARTNERS
from tests.incidents.build import Desk, patient, rows

OURS = {"Sec-Fetch-Site": "same-origin"}
ACME = Viewer("Ann of Acme", frozenset({"acme"}))
FOO = Viewer("Bob of Foo", frozenset({"foo"}))
MANAGER = platform("Mia", is_manager=True)


@pytest.fixture
def stage(stage: Stage) -> Stage:
    """With the catalogue of the small world."""
    with psycopg.connect(stage.url) as connection:
        for number, (key, partner) in enumerate(PARTNERS.items()):
            connection.execute(
                "insert into slo.app (app_key, name, partner_id, partner_name, email, healthcheck_urls, "
                """excluded_client_keys, part, "offset") values (%s, %s, %s, %s, '', '{}', '{}', 0, %s)""",
                [key, key, partner, partner or "", number],
            )
    return stage


def post(stage: Stage, viewer: Viewer, path: str, **fields: str) -> Any:
    return stage.as_(viewer).post(path, data={"form_token": FORM_TOKEN, **fields}, headers=OURS)


def refresh(url: str) -> None:
    """Let the desk look at what was added."""

    async def scenario() -> None:
        async with patient(url) as one:
            now_ms = time.time_ns() // 1_000_000
            await one.run(partial(Desk(one).projection.refresh, at_ms=now_ms, judged_ms=None))

    asyncio.run(scenario())


def raised(stage: Stage, viewer: Viewer, **fields: str) -> str:
    answer = post(stage, viewer, "/incidents/new", **fields)
    assert answer.status_code == 303, answer.text
    refresh(stage.url)
    assert answer.headers["location"] == "/incidents?done=raised"
    found = rows(stage.url, "select incident from incident_entry where act = 'RAISED' order by id desc limit 1")
    return str(found[0]["incident"])


def acts(url: str) -> list[tuple[str, str, str]]:
    found = rows(url, "select act, who, why from incident_entry where who <> 'slo-streams' order by id")
    return [(one["act"], one["who"], one["why"]) for one in found]


def test_what_happened_is_told_in_the_order_of_time(stage: Stage) -> None:
    """What is found of the past is written down after what people have done meanwhile."""
    name = raised(stage, PLATFORM, title="Down", apps=CHARTS)
    with psycopg.connect(stage.url) as connection:
        lines = [
            {"time": f"2026-03-02T1{hour}:00:00Z", "who": "slo-streams", "text": f"hour {hour}", "public": False}
            for hour in (1, 4, 2, 3)
        ]
        told = "update slo.incident set record = record || jsonb_build_object('timeline', %s::jsonb) where id = %s"
        connection.execute(told, [Jsonb(lines), name])
    page = stage.as_(PLATFORM).get(f"/incidents/{name}").text
    assert re.findall(r"hour (\d)", page) == ["4", "3", "2", "1"]


def test_the_platform_raises_one_and_partners_report_it(stage: Stage) -> None:
    name = raised(
        stage, PLATFORM, title="Iframes stay blank", apps=f"{CHARTS}, {BOARDS}", users="20,000", why="tickets"
    )
    page = f"/incidents/{name}"
    assert "Iframes stay blank" in stage.as_(PLATFORM).get("/incidents").text
    assert "It is on record" in stage.as_(PLATFORM).get(f"{page}?done=REPORTED").text
    assert "It is on record" not in stage.as_(PLATFORM).get(f"{page}?done=nothing").text
    for viewer in (ACME, FOO):
        assert "Report that you are hit" in stage.as_(viewer).get(page).text
        assert post(stage, viewer, page, act="REPORTED", why="us, too").status_code == 303
    assert "reported it before" in post(stage, ACME, page, act="REPORTED").text
    assert "There is no partner acme" in unescape(post(stage, FOO, page, act="REPORTED", partner="acme").text)
    assert "There is no partner nope" in unescape(post(stage, PLATFORM, page, act="REPORTED", partner="nope").text)
    refresh(stage.url)
    (record,) = (one["record"] for one in rows(stage.url, "select record from incident"))
    assert (record["raisedBy"], record["users"], record["reports"]) == ("PLATFORM", 20_000, 2)
    assert acts(stage.url) == [
        ("RAISED", "ops", "tickets"),
        ("REPORTED", "Ann of Acme", "us, too"),
        ("REPORTED", "Bob of Foo", "us, too"),
    ]


def test_a_partner_raises_one_for_apps_of_its_own(stage: Stage) -> None:
    assert f"There is no app {BOARDS}" in post(stage, ACME, "/incidents/new", title="Down", apps=BOARDS).text
    assert "Which of your apps" in post(stage, ACME, "/incidents/new", title="Down").text
    name = raised(stage, ACME, title="Down", apps=CHARTS, raised_by="PLATFORM", visibility="ALL_PARTNERS", trial="on")
    (record,) = (one["record"] for one in rows(stage.url, "select record from incident"))
    assert (record["raisedBy"], record["visibility"], record["trial"], record["reports"]) == (
        *("PARTNER", "PARTNER", True, 1),
    )
    assert "Down" in stage.as_(ACME).get(f"/incidents/{name}").text
    assert stage.as_(FOO).get(f"/incidents/{name}").status_code == 404
    assert post(stage, FOO, f"/incidents/{name}", act="REPORTED").status_code == 404
    for act in ("STATE", "NOTE", "CHANGED", "PIR", "CONFIRMED", "PREVIEW"):
        assert post(stage, ACME, f"/incidents/{name}", act=act, state="RESOLVED", why="w").status_code == 403


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"title": ""}, "What is it called"),
        ({"title": "t", "users": "many"}, "no whole number"),
        ({"title": "t", "start": "2099-01-01T00:00"}, "lies ahead"),
        ({"title": "t", "zone": "Mars/Crater"}, "no time zone"),
        ({"title": "t", "raised_by": "PARTNER"}, "There is no partner"),
        ({"title": "t", "capability": "Teleport"}, "is none of"),
        ({"title": "t" * 201}, "What is it called"),
        ({"title": "t", "apps": " ".join(f"app-{number}" for number in range(1_001))}, "At most 1,000 apps"),
    ],
)
def test_what_cannot_be_meant_is_said_and_kept_in_the_form(stage: Stage, fields: dict[str, str], words: str) -> None:
    answer = post(stage, PLATFORM, "/incidents/new", why="as seen", **fields)
    assert answer.status_code == 422
    assert words in answer.text
    assert 'value="as seen"' in answer.text
    assert acts(stage.url) == []


def test_it_is_worked_on_and_reviewed_and_a_manager_signs(stage: Stage) -> None:
    name = raised(stage, PLATFORM, title="Slow", apps=CHARTS)
    page = f"/incidents/{name}"
    assert post(stage, PLATFORM, page, act="CHANGED", severity="SEV2", kind="OUTAGE", apps=BOARDS).status_code == 303
    assert "Say what is known better" in post(stage, PLATFORM, page, act="CHANGED").text
    assert "resolve it before" in post(stage, PLATFORM, page, act="PIR", status="DRAFT").text
    assert post(stage, PLATFORM, page, act="NOTE", why="We are on it.", public="on").status_code == 303
    assert post(stage, PLATFORM, page, act="STATE", state="RESOLVED").status_code == 303
    refresh(stage.url)
    assert "We are on it." in stage.as_(FOO).get(page).text
    review = {"act": "PIR", "text": "A disk was full.", "actions": "ben: alert on disks by 2026-12-30\n"}
    assert "write OWNER: WHAT" in post(stage, PLATFORM, page, **review | {"actions": "do it"}, status="DRAFT").text
    assert post(stage, PLATFORM, page, **review, status="SUBMITTED", at_fault="PLATFORM").status_code == 303
    assert "Only the role" in post(stage, PLATFORM, page, **review, status="SIGNED_OFF").text
    refresh(stage.url)
    assert "Sign it off" not in stage.as_(PLATFORM).get(page).text
    shown = stage.as_(MANAGER).get(page).text
    assert "Sign it off" in shown
    assert "ben: alert on disks by 2026-12-30" in shown
    assert post(stage, MANAGER, page, **review, status="SIGNED_OFF", at_fault="PLATFORM").status_code == 303
    refresh(stage.url)
    (record,) = (one["record"] for one in rows(stage.url, "select record from incident"))
    assert (record["severity"], record["kind"], record["appCount"]) == ("SEV2", "OUTAGE", 2)
    assert (record["pir"]["status"], record["pir"]["signedOffBy"]) == ("SIGNED_OFF", "Mia")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"actions": "ben: alert by 1-2-3"}, "1-2-3 is no day"),
        ({"actions": "ben: alert by 2026-02-31"}, "2026-02-31 is no day"),
        ({"actions": f"ben: {'w' * 4_001}"}, "WHAT at most"),
        ({"actions": "ben: alert\n" * 101}, "at most 100"),
        ({"text": "w" * 65_537}, "at most 65,536"),
        ({"why": "w" * 4_001}, "at most 4,000"),
    ],
)
def test_a_review_that_could_not_be_published_is_not_put_on_record(
    stage: Stage, fields: dict[str, str], words: str
) -> None:
    name = raised(stage, PLATFORM, title="Slow", apps=CHARTS)
    assert post(stage, PLATFORM, f"/incidents/{name}", act="STATE", state="RESOLVED").status_code == 303
    answer = post(stage, PLATFORM, f"/incidents/{name}", act="PIR", status="DRAFT", **fields)
    assert (answer.status_code, words in unescape(answer.text)) == (422, True)
    refresh(stage.url)
    assert [act for act, *_ in acts(stage.url)] == ["RAISED", "STATE"]


def test_an_app_that_is_named_again_and_again_is_looked_for_once(stage: Stage) -> None:
    raised(stage, ACME, title="Down", apps=f"{CHARTS} " * 5_000)
    (record,) = (one["record"] for one in rows(stage.url, "select record from incident"))
    assert record["apps"] == [CHARTS]
