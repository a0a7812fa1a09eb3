"""Means of how quickly incidents were found, told of and over, in a real database: who sees which."""

from collections.abc import Iterator
from typing import Any

import orjson
import psycopg
import pytest
from typer.testing import CliRunner

from streams.cli.app import app
from streams.dashboard.viewer import NOBODY, Viewer
from streams.history.settings import HistorySettings
from streams.incidents.measures import By, Means, Question, read_means
from streams.objectives import read_objectives
from streams.reports.document import report_document
from streams.reports.month import Month
from streams.reports.reading import partner_report
from tests.dashboard.conftest import PLATFORM, Stage, staged
from tests.dashboard.world import ACME, BOARDS, CHARTS, FOO, FORMS, LONE, fill
from tests.database_fixture import own_database
from tests.model.build import clock_ms

MARCH, APRIL = Month(2026, 3), Month(2026, 4)
MINUTE = 60
_STORE = """
insert into slo.incident_public (id, visibility, partners, is_trial, start_ms, found_ms, updated_ms, ended_ms,
  changed_ms, record)
select %(id)s, %(visibility)s, coalesce(array_agg(distinct partner_id) filter (where partner_id is not null), '{}'),
  %(trial)s, %(start)s, %(found)s, %(updated)s, %(ended)s, 0, '{}'
from slo.app where app_key = any(%(apps)s)
"""


def store(
    url: str,
    name: str,
    *app_keys: str,
    start: str = "12:00",
    found: int = 3,
    updated: int | None = None,
    ended: int | None = None,
    visibility: str = "PARTNER",
    trial: bool = False,
) -> None:
    """A confirmed incident; minutes after its start."""
    start_ms = clock_ms(start)

    def after(minutes: int | None) -> int | None:
        return None if minutes is None else start_ms + minutes * MINUTE * 1_000

    values = {
        "id": name,
        "visibility": visibility,
        "apps": list(app_keys),
        "trial": trial,
        "start": start_ms,
        "found": after(found),
        "updated": after(updated),
        "ended": after(ended),
    }
    with psycopg.connect(url) as connection:
        connection.execute(_STORE, values)
        connection.execute("insert into slo.incident_app select %s, unnest(%s::text[])", [name, list(app_keys)])


@pytest.fixture(scope="module")
def url(postgres: str, migrated: str) -> Iterator[str]:
    """Three incidents of March and one of April that count; and such as nobody, or not everybody, may count."""
    with own_database(postgres, template=migrated) as one:
        fill(one)
        with psycopg.connect(one) as connection:
            connection.execute("delete from slo.incident_public")
            connection.execute("delete from slo.incident_app")
        store(one, "both", CHARTS, FORMS, LONE, found=3, updated=30, ended=60)
        store(one, "quick", CHARTS, found=1)
        store(one, "foos", BOARDS, found=0, updated=10, ended=20)
        store(one, "april", CHARTS, start="+40d 12:00", found=5, ended=15)
        store(one, "trial", CHARTS, found=900, trial=True)
        store(one, "inner", CHARTS, found=9, visibility="INTERNAL")
        store(one, "told to all", BOARDS, start="+1d 00:00", found=2, visibility="ALL_PARTNERS")
        yield one


@pytest.fixture
def stage(url: str) -> Iterator[Stage]:
    with staged(url) as one:
        yield one


def minutes(name: str | None, count: int, *times: float | None, month: str = "2026-03") -> Means:
    return Means(month, name, count, *(None if one is None else int(one * MINUTE) for one in times))


def means(url: str, by: By, month: Month = MARCH, **asked: Any) -> list[Means]:
    with psycopg.connect(url, options="-c search_path=slo") as connection:
        return read_means(connection, Question(by, month.first_ms, month.moved(1).first_ms, **asked))


def test_each_incident_counts_once_for_each_of_its_apps_and_partners(url: str) -> None:
    public: dict[str, Any] = {"with_internal": False}
    assert means(url, By.APP, **public) == [
        minutes(CHARTS, 2, 2, 30, 60),
        minutes(FORMS, 1, 3, 30, 60),
        minutes(BOARDS, 2, 1, 10, 20),
        minutes(LONE, 1, 3, 30, 60),
    ]
    assert means(url, By.PARTNER, **public) == [
        minutes("P None", 1, 3, 30, 60),  # who has no id has a name
        minutes("acme", 2, 2, 30, 60),
        minutes("foo", 2, 1, 10, 20),
    ]
    assert means(url, By.MONTH, **public) == [minutes(None, 4, 1.5, 20, 40)]


def test_internal_ones_count_for_the_platform_and_trials_for_nobody(url: str) -> None:
    assert means(url, By.MONTH) == [minutes(None, 5, 3, 20, 40)]
    assert means(url, By.APP, app_keys=[CHARTS]) == [minutes(CHARTS, 3, 13 / 3, 30, 60)]


def test_the_month_is_that_of_the_start_and_what_has_not_happened_counts_in_no_mean(url: str) -> None:
    assert means(url, By.MONTH, APRIL) == [minutes(None, 1, 5, None, 15, month="2026-04")]
    assert means(url, By.MONTH, APRIL.moved(1)) == []


def test_pages_begin_where_the_one_before_ended(url: str) -> None:
    everything = means(url, By.APP)
    found: list[Means] = []
    while more := means(url, By.APP, most=1, after=(found[-1].month, found[-1].name) if found else None):
        found += more
    assert found == everything


# Of a partner


def answer(stage: Stage, viewer: Viewer, **asked: str) -> list[dict[str, Any]]:
    params = {"from": "2026-03", "to": "2026-03", **asked}
    response = stage.as_(viewer).get("/api/v1/incident-measures", params=params)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


def test_the_api_gives_each_viewer_its_own(stage: Stage) -> None:
    assert answer(stage, ACME) == [
        {
            "month": "2026-03",
            "appKey": None,
            "partner": None,
            "count": 2,
            "timeToDetectSeconds": 120,
            "timeToUpdateSeconds": 1_800,
            "timeToRecoverSeconds": 3_600,
        }
    ]
    assert [one["appKey"] for one in answer(stage, ACME, by="app")] == [CHARTS, FORMS]
    assert [(one["partner"], one["count"]) for one in answer(stage, FOO, by="partner")] == [("foo", 2)]
    assert answer(stage, ACME, partner="foo") == []
    assert answer(stage, NOBODY) == []
    assert [one["count"] for one in answer(stage, PLATFORM)] == [5]
    assert [one["count"] for one in answer(stage, PLATFORM, partner="foo")] == [2]
    assert [one["count"] for one in answer(stage, PLATFORM, app=FORMS)] == [1]
    unseen = stage.as_(ACME).get("/api/v1/incident-measures", params={"app": BOARDS})
    assert unseen.status_code == 404


def test_the_second_line_shows_no_more_even_if_everything_is_asked_for(url: str, stage: Stage) -> None:
    with stage.database.seen_by(ACME) as view:
        asked = Question(By.APP, MARCH.first_ms, APRIL.first_ms)
        assert [(one.name, one.incidents) for one in read_means(view.connection, asked)] == [(CHARTS, 2), (FORMS, 1)]


def test_pages_and_csv(stage: Stage) -> None:
    params: dict[str, str | int] = {"from": "2026-03", "to": "2026-04", "by": "app", "limit": 3}
    client = stage.as_(PLATFORM)
    first = client.get("/api/v1/incident-measures", params=params).json()
    second = client.get("/api/v1/incident-measures", params={**params, "cursor": first["next"]}).json()
    rows = [(one["month"], one["appKey"]) for one in first["items"] + second["items"]]
    assert rows == [("2026-03", app) for app in (CHARTS, FORMS, BOARDS, LONE)] + [("2026-04", CHARTS)]
    assert second["next"] is None
    assert client.get("/api/v1/incident-measures", params={**params, "by": "month", "cursor": "x"}).status_code == 400
    table = client.get("/api/v1/incident-measures.csv", params={**params, "limit": 50}).text.splitlines()
    assert table[1] == f"2026-03,{CHARTS},,3,260,1800,3600"


def test_a_report_has_those_that_the_partner_may_see(url: str, stage: Stage) -> None:
    with psycopg.connect(url, options="-c search_path=slo") as connection:
        report = partner_report(connection, HistorySettings(), read_objectives().service_levels, "acme", MARCH)
    assert report is not None
    acme = {"count": 2, "timeToDetectSeconds": 120, "timeToUpdateSeconds": 1_800, "timeToRecoverSeconds": 3_600}
    expected = {
        **acme,
        "apps": [
            {"appKey": CHARTS, **acme},
            {"appKey": FORMS, **acme, "count": 1, "timeToDetectSeconds": 180},
        ],
    }
    assert report_document(report)["incidents"] == expected
    for viewer in (ACME, PLATFORM):
        found = stage.as_(viewer).get("/api/v1/reports", params={"partner": "acme", "month": "2026-03"}).json()
        assert found["incidents"] == expected
    page = stage.as_(ACME).get("/reports", params={"partner": "acme", "month": "2026-03"}).text
    assert "Incidents" in page
    assert "No incident hit these apps." in stage.as_(ACME).get("/reports?partner=acme&month=2026-02").text


# In a terminal


def command(url: str, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, arguments, env={"SLO_DATABASE_URL": url})
    return result.exit_code, result.output


def test_the_command_shows_them(url: str) -> None:
    span = ("--from", "2026-03", "--to", "2026-04")
    code, shown = command(url, "incidents", "measures", *span)
    assert code == 0, shown
    assert [line.split() for line in shown.splitlines()[1:]] == [
        ["2026-03", "5", "3m", "20m", "40m"],
        ["2026-04", "1", "5m", "-", "15m"],
    ]
    assert all(len(line) <= 80 for line in shown.splitlines())
    code, text = command(url, "incidents", "measures", *span, "--by", "partner", "--json")
    assert code == 0, text
    assert [(one["month"], one["partner"], one["count"]) for one in orjson.loads(text)] == [
        ("2026-03", "P None", 1),
        ("2026-03", "acme", 3),
        ("2026-03", "foo", 2),
        ("2026-04", "acme", 1),
    ]
    assert command(url, "incidents", "measures", "--to", "2020-12") == (
        0,
        "No incident began from 2020-01 to 2020-12.\n",
    )
    assert command(url, "incidents", "measures", "--from", "march")[0] == 2


def test_the_report_of_a_partner_shows_them(url: str) -> None:
    code, shown = command(url, "reports", "acme", "2026-03")
    assert code == 0, shown
    assert "Incidents that hit these apps; means, from the first impact:" in shown
    assert ["all", "2", "2m", "30m", "1h"] in [line.split() for line in shown.splitlines()]
