"""What every answer of the dashboard has, and who hears what without a login."""

import re

import psycopg
import pytest
from fastapi import Response
from jsonschema_rs import validator_for
from starlette.testclient import TestClient

from streams.dashboard.database import Database
from streams.dashboard.headers import with_tags
from streams.dashboard.viewer import NOBODY, Viewer
from streams.notifier.mail.words import SCHEMA_PATH
from tests.dashboard.conftest import PLATFORM, Stage, staged
from tests.notifier.alerts import BREACH


def test_whoever_has_not_logged_in_is_sent_to_do_so(stage: Stage) -> None:
    answer = stage.as_(None).get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


def test_every_answer_binds_the_browser(stage: Stage) -> None:
    for path in ("/", "/static/icon.svg", "/live", "/nothing", "/api/v1/nothing"):
        headers = stage.as_(PLATFORM).get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "require-trusted-types-for 'script'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"


def test_an_answer_that_is_known_is_not_sent_again(stage: Stage) -> None:
    client = stage.as_(PLATFORM)
    first = client.get("/api/v1/budgets")
    assert first.status_code == 200
    again = client.get("/api/v1/budgets", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/api/v1/budgets", headers={"If-None-Match": '"another"'}).content == first.content


@pytest.mark.parametrize(("media_type", "is_known"), [("application/json", False), ("text/html; charset=utf-8", True)])
def test_only_of_a_page_the_time_of_reading_is_no_part(media_type: str, *, is_known: bool) -> None:
    """Text of somebody that looks like its marks hides no change from programs."""

    def answer(between: str) -> TestClient:
        return TestClient(with_tags(Response(f"<!--read-->{between}<!--/read-->", media_type=media_type)))

    tag = answer("before").get("/").headers["etag"]
    assert (answer("after").get("/", headers={"If-None-Match": tag}).status_code == 304) is is_known


def test_pages_and_programs_hear_of_problems_each_in_their_form(stage: Stage) -> None:
    client = stage.as_(PLATFORM)
    page, program = client.get("/nothing"), client.get("/api/v1/nothing")
    assert page.status_code == program.status_code == 404
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert program.headers["content-type"] == "application/problem+json"
    assert program.json()["code"] == "not-found"


def test_programs_that_read_mails_get_the_schema_that_these_link_to_without_a_login(stage: Stage) -> None:
    nobody = stage.as_(None)
    answer = nobody.get(SCHEMA_PATH)
    assert answer.headers["content-type"] == "application/json"
    assert validator_for(answer.json()).is_valid(BREACH)
    assert not validator_for(answer.json()).is_valid({**BREACH, "goodCount": "many"})
    assert nobody.get("/schemas/../app.py").status_code == 404


def test_what_is_linked_below_every_page_is_there(stage: Stage) -> None:
    client = stage.as_(PLATFORM)
    foot = client.get("/").text.partition("<footer")[2]
    links = re.findall(r'href="([^"]+)"', foot)
    assert [client.get(link).status_code for link in links] == [200] * len(links) != []


def test_it_is_ready_while_the_database_answers(stage: Stage) -> None:
    assert stage.as_(None).get("/ready").json() == {"ready": True, "reason": None}
    assert "process_cpu_seconds" in stage.as_(None).get("/metrics").text


def test_without_a_database_it_lives_and_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.dashboard.database._WAIT_S", 1.0)
    with staged("postgresql://nobody@127.0.0.1:1/none") as stage:
        assert stage.as_(None).get("/live").status_code == 200
        assert stage.as_(None).get("/ready").status_code == 503


@pytest.mark.parametrize(
    ("viewer", "platform", "partners"),
    [
        (PLATFORM, "on", "{}"),
        (NOBODY, "off", "{}"),
        (Viewer("Ann", frozenset({"b", 'a",x'})), "off", '{"a\\",x",b}'),
    ],
)
def test_the_database_knows_who_looks_for_one_transaction(
    database: str, viewer: Viewer, platform: str, partners: str
) -> None:
    said = "select current_setting('slo.platform', true), current_setting('slo.partners', true), current_user"
    one = Database(database)
    one.open()
    try:
        with one.seen_by(viewer) as view:
            assert view.connection.execute(said.encode()).fetchone() == (platform, partners, "slo_reader")
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                view.connection.execute("create temporary table t ()")
        with one._reader.connection() as connection:
            later = connection.execute(said.encode()).fetchone() or ()
            assert [value or "" for value in later] == ["", "", "slo_reader"]
    finally:
        one.close()
