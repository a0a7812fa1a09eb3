"""A fault of the platform is left out of every budget by a person, who has seen what that changes."""

import asyncio
from html import unescape
from typing import Any

import orjson
import pytest

from streams.dashboard.settings import DashboardSettings
from streams.dashboard.viewer import Viewer
from tests.dashboard.conftest import FORM_TOKEN, PLATFORM, Stage, staged
from tests.incidents.build import Desk, fault, file, incidents, patient, rows

OURS = {"Sec-Fetch-Site": "same-origin"}
WRITTEN = "select value, headers from outbox where topic = 'slo.exclusions.v1'"


@pytest.fixture
def candidate(database: str) -> str:
    """A dozen apps breached at 12:00."""

    async def scenario() -> None:
        async with patient(database) as one:
            await file(one, fault(12, "12:00"))
            await Desk(one).until("12:01")

    asyncio.run(scenario())
    (found,) = incidents(database)
    return str(found["id"])


def test_what_it_changes_is_shown_and_then_approved(stage: Stage, candidate: str) -> None:
    def post(**fields: str) -> Any:
        return client.post(f"/incidents/{candidate}", data={"form_token": FORM_TOKEN, **fields}, headers=OURS)

    client = stage.as_(PLATFORM)
    assert "confirm it first" in post(act="PREVIEW").text
    assert post(act="CONFIRMED").status_code == 303
    seen = unescape(post(act="PREVIEW").text)
    assert 'all apps: Jira Webhook Delivery Success Rate, from <time class="nowrap" datetime="2026-03-02T11:55' in seen
    assert "until the incident ends" in seen
    assert rows(stage.url, WRITTEN) == []
    assert post(act="APPROVED", why="delivery was down").status_code == 303
    (written,) = rows(stage.url, WRITTEN)
    assert orjson.loads(written["value"])["id"] == f"inc-{candidate}"
    assert {"act": "APPROVED", "who": "ops"} in [
        {"act": one["act"], "who": one["who"]} for one in rows(stage.url, "select act, who from incident_entry")
    ]


def test_an_application_with_outputs_of_its_own_excludes_nothing(database: str, candidate: str) -> None:
    with staged(database, DashboardSettings(output_prefix="own.")) as stage:
        client = stage.as_(PLATFORM)
        for act in ("CONFIRMED", "APPROVED"):
            fields = {"form_token": FORM_TOKEN, "act": act}
            answer = client.post(f"/incidents/{candidate}", data=fields, headers=OURS)
        assert "SLO_OUTPUT_PREFIX=own." in unescape(answer.text)
        asked = {"form_token": FORM_TOKEN, "reason": "PLATFORM_FAULT", "start": "2026-03-01T00:00:00Z"}
        answer = client.post("/exclusions", data=asked, headers=OURS)
        assert (answer.status_code, "SLO_OUTPUT_PREFIX=own." in unescape(answer.text)) == (422, True)
    assert rows(database, "select topic from outbox where topic like '%exclusions%'") == []


def test_nobody_else_may(stage: Stage, candidate: str) -> None:
    fields = {"form_token": FORM_TOKEN, "act": "APPROVED"}
    for viewer in (Viewer("Ann", frozenset({"acme"})), Viewer("nobody")):
        assert stage.as_(viewer).post(f"/incidents/{candidate}", data=fields, headers=OURS).status_code in (403, 404)
    assert rows(stage.url, WRITTEN) == []
