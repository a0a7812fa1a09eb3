"""One of the platform team looks as a partner: its rights, also in the database, and nothing is put on record."""

import psycopg
import pytest
from starlette.testclient import TestClient

from streams.dashboard.dashboard import LOOK_COOKIE
from tests.dashboard.conftest import FORM_TOKEN, PLATFORM, Stage, staged
from tests.dashboard.world import ACME, APPS, BOARDS, CHARTS, FOO, FORMS, fill

OURS = {"Sec-Fetch-Site": "same-origin"}
TOKEN = {"form_token": FORM_TOKEN}
WRITES: tuple[tuple[str, dict[str, str]], ...] = (
    ("/exclusions", {"app": CHARTS, "reason": "PLANNED_DOWNTIME", "start": "2099-01-01", "end": "2099-01-02"}),
    (f"/exclusions/e-{CHARTS}/end", {"how": "withdraw"}),
    (f"/standing/{CHARTS}", {"incident": "i", "why": "w"}),
    ("/incidents/new", {"title": "t", "apps": CHARTS}),
    (f"/incidents/i-{CHARTS}", {"act": "REPORTED"}),
    ("/logins/token", {"name": "t"}),
    ("/logins/session", {"id": "0"}),
    ("/logins/others", {}),
)


@pytest.fixture
def looking(world: Stage) -> TestClient:
    """As acme."""
    client = world.as_(PLATFORM)
    answer = client.post("/look-as", data={**TOKEN, "partner": "acme"}, headers=OURS)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    return client


def apps_of(client: TestClient) -> set[str]:
    return {item["appKey"] for item in client.get("/api/v1/budgets").json()["items"]}


def test_pages_and_calls_are_those_of_the_partner_until_one_click(world: Stage, looking: TestClient) -> None:
    assert apps_of(looking) == {CHARTS, FORMS}
    assert "You look as acme" in looking.get("/").text
    assert looking.get(f"/apps/{BOARDS}").status_code == 404
    assert looking.get("/look-as").status_code == 404
    assert looking.post("/look-as/end", data=TOKEN, headers=OURS).status_code == 303
    assert apps_of(looking) == set(APPS)
    assert "You look as" not in looking.get("/").text


def test_nothing_is_put_on_record_meanwhile(world: Stage, looking: TestClient) -> None:
    for path, fields in WRITES:
        answer = looking.post(path, data={**TOKEN, **fields}, headers=OURS)
        assert answer.status_code == 403, path
        assert "go back to yourself first" in answer.text
    body = {"incidentId": "i", "why": "w"}
    assert looking.post(f"/api/v1/standing/{CHARTS}/appeals", json=body, headers=OURS).status_code == 403


def test_the_cookie_gives_nobody_more_than_he_has(world: Stage) -> None:
    for viewer, own in ((ACME, {CHARTS, FORMS}), (FOO, {BOARDS})):
        client = world.as_(viewer)
        client.cookies.set(LOOK_COOKIE, "acme")
        assert apps_of(client) == own
        assert client.post("/look-as", data={**TOKEN, "partner": "acme"}, headers=OURS).status_code == 404
    client = world.as_(PLATFORM)
    for name in ("nobody-at-all", "%00", "%F0%9F%A4%B7", '" or true'):
        client.cookies.set(LOOK_COOKIE, name)
        answer = client.get("/api/v1/budgets").text
        assert not [key for key in APPS if key in answer], name


def test_a_partner_is_found_and_one_that_is_none_is_not(world: Stage) -> None:
    client = world.as_(PLATFORM)
    assert "Look as P acme" in client.get("/look-as?q=ACM").text
    assert "No partner of the catalogue" in client.get("/look-as?q=%25").text
    assert client.post("/look-as", data={**TOKEN, "partner": "nope"}, headers=OURS).status_code == 404
    assert client.post("/look-as", data={"partner": "acme"}, headers=OURS).status_code == 403


def test_row_level_security_is_that_of_the_partner(database: str) -> None:
    """Whatever a query says: the transaction itself shows no other rows."""
    fill(database)
    with staged(database) as stage, stage.database.seen_by(PLATFORM.looking_as("acme")) as view:
        seen = {row["app_key"] for row in view.rows("select app_key from app")}
        assert seen == {CHARTS, FORMS}
        assert view.rows("select from incident") == []
        with pytest.raises(psycopg.Error):
            view.connection.execute("select from session")
