"""What persons put on record of an app's standing, on the page and by the API; the ladder follows."""

from typing import Any

import psycopg
import pytest
from starlette.testclient import TestClient

from streams.dashboard.app import dashboard_app
from streams.dashboard.database import Database
from streams.dashboard.login.tokens import add_token
from streams.dashboard.settings import DashboardSettings
from streams.dashboard.viewer import Viewer
from streams.objectives import read_objectives
from tests.dashboard.conftest import FORM_TOKEN, PLATFORM, Stage
from tests.impact.build import APP, Ladder

OURS = {"Sec-Fetch-Site": "same-origin"}
PARTNER = Viewer("Ann of Acme", frozenset({"acme"}))
STRANGER = Viewer("Bob of Foo", frozenset({"foo"}))
READER = Viewer("Olga", frozenset({"acme"}), may_act=False)
PAGE = f"/standing/{APP}"


@pytest.fixture
def ladder(database: str) -> Ladder:
    """An app of Acme's."""
    with psycopg.connect(database) as connection:
        connection.execute(
            "insert into slo.app (app_key, name, partner_id, partner_name, email, healthcheck_urls, "
            """excluded_client_keys, part, "offset") values (%s, 'Charts', 'acme', 'Acme', '', '{}', '{}', 0, 0) """
            "on conflict (app_key) do update set partner_id = 'acme'",
            [APP],
        )
    return Ladder(database)


def post(client: TestClient, **fields: str) -> Any:
    return client.post(PAGE, data={"form_token": FORM_TOKEN, **fields}, headers=OURS)


def test_a_partner_appeals_and_the_platform_decides(stage: Stage, ladder: Ladder) -> None:
    incident = ladder.breach(1)
    ladder.judge()
    client = stage.as_(PARTNER)
    assert f'<option value="{incident}" selected>' in client.get(f"{PAGE}?incident={incident}").text
    assert "Say why" in post(client, incident=incident, why=" ").text
    assert post(client, incident=incident, why="your CDN was cut off").status_code == 303
    assert "To be decided" in client.get(PAGE).text
    assert "waits for a decision already" in post(client, incident=incident, why="again").text
    assert "Accept no." not in client.get(PAGE).text
    client = stage.as_(PLATFORM)
    assert "1 appeal to be decided" in client.get("/standing").text
    assert "Accept no. 1" in client.get(PAGE).text
    answer = post(client, decision="accept-appeal", appeal="1", why="our fault")
    assert answer.headers["location"] == f"{PAGE}?done=decision"
    assert [change[1:] for change in ladder.judge()] == [("CLEAR", "RETRACTED")]
    page = stage.as_(PARTNER).get(PAGE).text
    assert "ops: our fault" in page
    assert "Appeal accepted" in page


def test_a_demotion_is_decided_where_it_is_due(stage: Stage, ladder: Ladder) -> None:
    client = stage.as_(PLATFORM)
    assert "No demotion of" in post(client, decision="approve", why="now").text
    for day in (1, 5, 12, 20):
        ladder.breach(day)
    ladder.passes(40)
    ladder.judge()
    page = client.get(PAGE).text
    assert all(f'value="{word}"' in page for word in ("approve", "reject", "override"))
    assert 'value="reinstate"' not in page
    assert post(client, decision="approve", why="agreed on 24 March").status_code == 303
    assert [change[1:] for change in ladder.judge()] == [("DEMOTED", "DECISION")]
    assert "An override has a stage" in post(client, decision="override", why="x").text
    assert "is no time" in post(client, decision="override", stage="CLEAR", until="soon", why="x").text
    assert post(client, decision="override", stage="CLEAR", why="migration").status_code == 303
    assert [change[1:] for change in ladder.judge()] == [("CLEAR", "DECISION")]
    assert 'value="end-override"' in client.get(PAGE).text


@pytest.mark.parametrize(
    ("viewer", "fields", "status"),
    [
        (PARTNER, {"decision": "approve"}, 403),
        (STRANGER, {"incident": "i"}, 404),
        (READER, {"incident": "i"}, 403),
        (PLATFORM, {"decision": "burn"}, 422),
        (PLATFORM, {"decision": "accept-appeal"}, 422),
        (PARTNER, {"incident": "i"}, 422),
    ],
)
def test_nobody_says_what_is_not_his_to_say(
    stage: Stage, ladder: Ladder, viewer: Viewer, fields: dict[str, str], status: int
) -> None:
    ladder.breach(1)
    assert post(stage.as_(viewer), why="w", **fields).status_code == status
    with psycopg.connect(ladder.url) as connection:
        assert connection.execute("select from slo.appeal union all select from slo.decision").fetchall() == []


def test_programs_do_it_with_a_token_that_may_act(ladder: Ladder) -> None:
    incident = ladder.breach(1)
    ladder.judge()
    with psycopg.connect(ladder.url) as connection:
        connection.execute("set search_path = slo")
        kinds: tuple[tuple[str, list[str] | None, bool], ...] = (
            ("reader", None, False),
            ("desk", None, True),
            ("acme", ["acme"], True),
            ("foo", ["foo"], True),
        )
        tokens = {name: add_token(connection, name, who, None, may_act=may) for name, who, may in kinds}
    database = Database(ladder.url)
    database.open()
    client = TestClient(dashboard_app(DashboardSettings(), read_objectives(), database))

    def send(name: str, path: str, body: object) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {tokens[name]}"}
        answer = client.post(f"/api/v1{path}", json=body, headers=headers)
        return answer.status_code, answer.json()

    def call(name: str, what: str, **body: object) -> tuple[int, Any]:
        return send(name, f"{PAGE}/{what}", body)

    try:
        assert call("reader", "appeals", incidentId=incident, why="w")[0] == 403
        assert call("foo", "appeals", incidentId=incident, why="w")[0] == 404
        assert call("acme", "appeals", incidentId=incident, why="")[0] == 409
        made = {"appeal": 1, "appKey": APP, "incidentId": incident}
        assert call("acme", "appeals", incidentId=incident, why="not ours") == (201, made)
        assert call("acme", "decisions", decision="accept-appeal", appeal=1, why="w")[0] == 403
        assert call("desk", "decisions", decision="accept-appeal", why="w")[0] == 409
        assert call("desk", "decisions", decision="override", stage="CLEAR", until="soon", why="w")[0] == 400
        decided = {"appKey": APP, "decision": "accept-appeal", "stage": None, "until": None, "appeal": 1}
        assert call("desk", "decisions", decision="accept-appeal", appeal=1, why="ours") == (201, decided)
        hit = {"title": "Iframes stay blank", "apps": [APP], "why": "tickets"}
        assert send("reader", "/incidents", hit)[0] == 403
        assert send("foo", "/incidents", hit)[0] == 404
        assert send("acme", "/incidents", hit | {"apps": []})[0] == 409
        assert send("desk", "/incidents", hit | {"raisedBy": "PARTNER", "partner": "nobody"})[0] == 409
        assert send("desk", "/incidents", hit | {"raisedBy": "COMMON_CAUSE"})[0] == 400
        assert send("desk", "/incidents", hit | {"start": "soon"})[0] == 400
        assert send("desk", "/incidents", hit | {"capability": "Teleport"})[0] == 409
        own = {"suspectedFault": "PLATFORM", "visibility": "ALL_PARTNERS", "raisedBy": "PLATFORM", "trial": True}
        raised = [send("acme", "/incidents", hit | own), send("desk", "/incidents", hit | {"users": 20_000})]
        assert [status for status, _ in raised] == [201, 201]
        form = client.post(
            PAGE,
            data={"incident": incident, "why": "w"},
            headers={**OURS, "Authorization": f"Bearer {tokens['reader']}"},
        )
        assert form.status_code == 403
    finally:
        database.close()
    assert [change[1:] for change in ladder.judge()] == [("CLEAR", "RETRACTED")]
    with psycopg.connect(ladder.url) as connection:
        said = connection.execute(
            "select who, why from slo.appeal union all select who, why from slo.decision"
        ).fetchall()
        entries = connection.execute(
            "select incident, act, who, why, data from slo.incident_entry order by id"
        ).fetchall()
    assert said == [("acme", "not ours"), ("desk", "ours")]
    assert [entry[:4] for entry in entries] == [
        (raised[0][1]["id"], "RAISED", "acme", "tickets"),
        (raised[1][1]["id"], "RAISED", "desk", "tickets"),
    ]
    by_partner, by_platform = (entry[4] for entry in entries)
    assert (by_partner["raisedBy"], by_partner["partner"], by_partner["visibility"], by_partner["trial"]) == (
        *("PARTNER", "acme", "PARTNER", True),
    )
    assert "suspectedFault" not in by_partner
    assert (by_platform["raisedBy"], by_platform["users"], by_platform["apps"]) == ("PLATFORM", 20_000, [APP])
