"""The JSON API: its answers as the interface has them, to each what is theirs."""

import csv
from io import StringIO
from typing import Any

import pytest

from streams.dashboard.viewer import NOBODY
from tests.dashboard.conftest import PLATFORM, Stage
from tests.dashboard.world import ACME, APPS, BOARDS, CHARTS, FOO, FORMS, LONE

WEBHOOK = "webhook-delivery-success-rate"


def get(stage: Stage, path: str, /, viewer: Any = PLATFORM, **params: Any) -> Any:
    answer = stage.as_(viewer).get(f"/api/v1{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def code(stage: Stage, path: str, /, viewer: Any = PLATFORM, **params: Any) -> tuple[int, str]:
    answer = stage.as_(viewer).get(f"/api/v1{path}", params=params)
    return answer.status_code, answer.json()["code"]


def test_the_budget_of_an_app_is_made_of_its_counts_without_what_is_excluded(world: Stage) -> None:
    assert get(world, "/budgets", app=CHARTS) == {
        "asOf": "2026-03-02T12:04:00Z",
        "items": [
            {
                "appKey": CHARTS,
                "metricId": WEBHOOK,
                "scope": "Jira",
                "slo": "webhook-delivery",
                "target": "0.99",
                "periodDays": 28,
                "goodCount": 12,
                "badCount": 2,
                "coveredMinutes": 4,
                "state": "EXHAUSTED",
                "consumed": pytest.approx(100 / 7),
                "remainingEvents": -2,
                "burn": dict.fromkeys(("1h", "6h", "1d", "3d"), pytest.approx(100 / 7)),
                "exhaustedAt": "2026-03-02T12:04:00Z",
                "breached": True,
            }
        ],
        "next": None,
    }


def test_the_fleet_is_that_of_who_asks(world: Stage) -> None:
    assert [item["appKey"] for item in get(world, "/budgets")["items"]] == sorted(APPS)
    assert [item["appKey"] for item in get(world, "/budgets", ACME)["items"]] == [CHARTS, FORMS]
    assert [item["appKey"] for item in get(world, "/budgets", partner="foo")["items"]] == [BOARDS]
    assert get(world, "/budgets", state="MET")["items"] == []
    assert get(world, "/budgets", metric="app-availability")["items"] == []


def test_counts_step_by_step(world: Stage) -> None:
    found = get(world, "/counts", app=CHARTS, metric=WEBHOOK, **{"from": "2026-03-02T12:00:00Z", "step": 60})
    assert found["asOf"] == "2026-03-02T12:04:00Z"
    assert (found["from"], found["step"]) == ("2026-03-02T12:00:00Z", 60)
    assert (found["good"], found["bad"], found["excluded"]) == ([4, 0, 4, 4], [0, 0, 2, 0], [0, 4, 0, 0])
    assert [found[name] for name in ("p50", "p90", "p99")] == [[None] * 4] * 3
    whole = get(world, "/counts", app=CHARTS, metric=WEBHOOK, source="PROD", step=86_400)
    assert sum(whole["good"]) == 13
    assert code(world, "/counts", app=CHARTS, metric=WEBHOOK, source="group:none") == (404, "not-found")
    assert code(world, "/counts", app=CHARTS, metric=WEBHOOK, step=61) == (400, "bad-request")
    assert code(world, "/counts", app=CHARTS, metric=WEBHOOK, **{"from": 946_684_800_000}) == (400, "bad-request")
    for to in ("2026-03-02T12:00:00Z", "2026-03-02T11:59:00Z"):
        backwards = {"from": "2026-03-02T12:00:00Z", "to": to}
        assert code(world, "/counts", app=CHARTS, metric=WEBHOOK, **backwards) == (400, "bad-request")


def test_alerts_newest_first_page_by_page(world: Stage) -> None:
    pages: list[Any] = []
    cursor: dict[str, str] | None = {}
    while cursor is not None:
        page = get(world, "/alerts", ACME, limit=2, **cursor)
        pages.append([(item["appKey"], item["type"], item["time"][11:16]) for item in page["items"]])
        cursor = None if page["next"] is None else {"cursor": page["next"]}
    assert [len(page) for page in pages] == [2, 2, 2]
    found = [one for page in pages for one in page]
    assert [time for *_, time in found] == ["12:03", "12:03", "11:20", "11:20", "11:00", "11:00"]
    assert len(set(found)) == 6
    opened = get(world, "/alerts", app=CHARTS, open=True)["items"]
    assert [(item["type"], item["breachedAt"]) for item in opened] == [("BREACH", "2026-03-02T12:03:00Z")]
    ended = get(world, "/alerts", app=CHARTS, open=False)["items"]
    assert [(item["type"], item["breachedAt"]) for item in ended] == [("BREACH", "2026-03-02T11:00:00Z")]
    assert get(world, "/alerts", app=CHARTS, to="2026-03-02T11:00:00Z")["items"] == []


def test_an_incident_as_judged_and_as_known_today(world: Stage) -> None:
    (breach,) = get(world, "/alerts", app=CHARTS, open=True)["items"]
    found = get(world, f"/alerts/{breach['incidentId']}", ACME)
    assert (found["breach"], found["recovery"]) == (breach, None)
    assert found["countsAsJudged"] == {"goodCount": 6, "badCount": 4}
    # Of the window up to 12:03 there are three minutes, of which one is excluded by now.
    assert found["countsAsKnownToday"] == {"goodCount": 8, "badCount": 2}
    told = {one["channel"]: one for one in found["deliveries"]}
    assert told["smtp"]["target"] == "on-call@example.com"
    assert told["webhook"]["target"] is None  # the platform's own, with its secret
    assert told["smtp"]["state"] == "SENT"
    for_platform = get(world, f"/alerts/{breach['incidentId']}")["deliveries"]
    assert [one["target"] for one in for_platform] == ["on-call@example.com", "https://hook/secret"]


def test_standing_with_all_that_led_there(world: Stage) -> None:
    found = get(world, f"/standing/{CHARTS}", ACME)
    assert (found["stage"], found["since"], found["reason"]) == ("NOTIFIED", "2026-03-02T11:00:00Z", "BREACH")
    assert [(one["former"], one["stage"]) for one in found["changes"]] == [("CLEAR", "NOTIFIED")]
    assert [one["why"] for one in found["decisions"]] == [f"why of {CHARTS}"]
    assert [one["why"] for one in found["appeals"]] == [f"why of {CHARTS}"]


def test_the_list_of_standings(world: Stage) -> None:
    found = get(world, "/standing", ACME)["items"]
    assert [one["appKey"] for one in found] == [CHARTS, FORMS]
    assert found[0] == {
        "appKey": CHARTS,
        "appName": "charts",
        "stage": "NOTIFIED",
        "since": "2026-03-02T11:00:00Z",
        "reason": "BREACH",
        "time": "2026-03-02T11:00:00Z",
        "reviewDue": False,
        "counted": 0,
        "appeals": 1,
    }
    assert len(get(world, "/standing", stage="NOTIFIED")["items"]) == 4
    assert get(world, "/standing", stage="CLEAR")["items"] == []
    assert code(world, "/standing", stage="LOW") == (400, "bad-request")


def test_the_list_of_exclusions(world: Stage) -> None:
    assert [one["id"] for one in get(world, "/exclusions", ACME)["items"]] == [f"e-{CHARTS}", f"e-{FORMS}"]
    (one,) = get(world, "/exclusions", app=CHARTS, phase="past")["items"]
    assert (one["appKey"], one["start"], one["end"]) == (CHARTS, "2026-03-02T12:01:00Z", "2026-03-02T12:02:00Z")
    assert (one["reason"], one["takesEffect"], one["phase"]) == ("PLATFORM_FAULT", True, "past")
    assert get(world, "/exclusions", phase="coming")["items"] == []


def test_incidents_whole_for_the_platform_and_in_part_for_partners(world: Stage) -> None:
    assert len(get(world, "/incidents", open=True)["items"]) == 4
    (one,) = get(world, "/incidents", app=CHARTS, severity="SEV3")["items"]
    assert one["apps"] == [CHARTS]
    assert [item["id"] for item in get(world, "/incidents", ACME)["items"]] == [f"i-{FORMS}", f"i-{CHARTS}"]
    seen = get(world, f"/incidents/i-{CHARTS}", ACME)
    assert (seen["state"], "apps" in seen) == ("TRIAGE", False)
    assert get(world, "/incidents", state="CLOSED")["items"] == []


def test_the_month_of_a_partner(world: Stage) -> None:
    found = get(world, "/reports", ACME, partner="acme", month="2026-03")
    assert (found["partner"], found["month"], found["asOf"]) == ("acme", "2026-03", "2026-03-02T12:04:00Z")
    charts, forms = found["items"]
    assert (charts["appKey"], forms["appKey"]) == (CHARTS, FORMS)
    assert [one["breachedAt"] for one in charts.pop("incidents")] == ["2026-03-02T11:00:00Z", "2026-03-02T12:03:00Z"]
    assert charts == {
        "appKey": CHARTS,
        "appName": "charts",
        "metricId": WEBHOOK,
        "scope": "Jira",
        "slo": "webhook-delivery",
        "target": "0.99",
        "goodCount": 12,
        "badCount": 2,
        "attainment": 12 / 14,
        "met": False,
        "consumed": pytest.approx(100 / 7),
        "breaches": 2,
        "timeToDetectSeconds": 60,  # of the one at 12:03, by the failures of 12:02; before the other one none is kept
        "timeToTellSeconds": 5,
        "timeToRecoverSeconds": 1_200,
    }
    before = get(world, "/reports", partner="acme", month="2026-02")["items"]
    assert [(item["goodCount"], item["attainment"], item["breaches"]) for item in before] == [(0, None, 0)] * 2
    assert code(world, "/reports", ACME, partner="foo", month="2026-03") == (404, "not-found")
    assert code(world, "/reports", partner="acme", month="2026-13") == (400, "bad-request")
    assert len(world.as_(ACME).get("/api/v1/reports.csv?partner=acme&month=2026-03").text.splitlines()) == 3


@pytest.mark.parametrize("app", [BOARDS, LONE])
def test_what_is_anothers_is_not_there(world: Stage, app: str) -> None:
    (breach,) = get(world, "/alerts", app=app, open=True)["items"]
    for path, params in {
        "/budgets": {"app": app},
        "/counts": {"app": app, "metric": WEBHOOK},
        "/alerts": {"app": app},
        f"/alerts/{breach['incidentId']}": {},
        "/deliveries": {"app": app},
        "/exclusions": {"app": app},
        f"/standing/{app}": {},
        "/incidents": {"app": app},
        f"/incidents/i-{app}": {},
    }.items():
        get(world, path, **params)
        assert code(world, path, ACME, **params) == (404, "not-found")
        assert code(world, path, NOBODY, **params) == (404, "not-found")
    for path in ("/budgets", "/alerts"):
        assert code(world, path, ACME, partner="foo") == (404, "not-found")
    assert code(world, "/budgets", app="com.nobody.knows") == (404, "not-found")


def test_without_a_login_nothing_is_told(world: Stage) -> None:
    for path in (
        "/budgets",
        "/counts",
        "/alerts",
        "/alerts/x",
        "/deliveries",
        f"/standing/{CHARTS}",
        "/standing",
        "/exclusions",
    ):
        assert code(world, path, None) == (401, "not-logged-in")


def test_tables_as_csv(world: Stage) -> None:
    for answer in (
        world.as_(ACME).get("/api/v1/budgets.csv", params={"limit": 1}),
        world.as_(ACME).get("/api/v1/budgets", params={"limit": 1}, headers={"Accept": "text/csv"}),
    ):
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        (row,) = csv.DictReader(StringIO(answer.text))
        assert (row["appKey"], row["goodCount"], row["burn1h"], row["breached"]) == (CHARTS, "12", "14.3", "true")
        following = world.as_(ACME).get(answer.links["next"]["url"], headers={"Accept": "text/csv"})
        assert [row["appKey"] for row in csv.DictReader(StringIO(following.text))] == [FORMS]
        assert "next" not in following.links
    counts = world.as_(ACME).get(
        "/api/v1/counts.csv", params={"app": CHARTS, "metric": WEBHOOK, "from": "2026-03-02T12:02:00Z"}
    )
    assert counts.text.splitlines()[:2] == ["from,good,bad,excluded,p50,p90,p99", "2026-03-02T12:02:00Z,4,2,0,,,"]
    for path in ("/alerts.csv", "/deliveries.csv"):
        assert len(world.as_(ACME).get(f"/api/v1{path}").text.splitlines()) > 2


@pytest.mark.parametrize("sort", ["consumed", "burn", "remaining", "app"])
def test_every_order_is_paged_without_a_gap(world: Stage, sort: str) -> None:
    whole = get(world, "/budgets", sort=sort)["items"]
    first = get(world, "/budgets", sort=sort, limit=3)
    rest = get(world, "/budgets", sort=sort, limit=3, cursor=first["next"])
    assert first["items"] + rest["items"] == whole
    assert rest["next"] is None


@pytest.mark.parametrize("table", ["/standing", "/exclusions", "/alerts", "/incidents", "/deliveries"])
def test_every_list_is_paged_without_a_gap(world: Stage, table: str) -> None:
    whole = get(world, table)["items"]
    first = get(world, table, limit=3)
    rest = get(world, table, cursor=first["next"])
    assert len(first["items"]) == 3
    assert first["items"] + rest["items"] == whole
    assert rest["next"] is None


@pytest.mark.parametrize("cursor", ["x", "", "e30", "WyJhcHAiXQ", "WyJjb25zdW1lZCIsICJ4IiwgMSwgMiwgM10"])
def test_a_cursor_that_is_none(world: Stage, cursor: str) -> None:
    assert code(world, "/budgets", cursor=cursor) == (400, "bad-request")
    for table in ("/alerts", "/standing", "/exclusions"):
        assert code(world, table, cursor=cursor) == (400, "bad-request")


def test_an_unchanged_answer_is_not_sent_again(world: Stage) -> None:
    client = world.as_(ACME)
    first = client.get("/api/v1/budgets")
    again = client.get("/api/v1/budgets", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]


def test_rules_are_drawn_beside_what_they_fire_above(world: Stage) -> None:
    query = f"app={CHARTS}&metric=webhook-delivery-success-rate&from=2026-03-02T12:00:00Z&to=2026-03-02T12:04:00Z"
    found = world.as_(ACME).get(f"/api/v1/burn?{query}").json()
    (rule,) = found["rules"]
    assert (found["asOf"], found["from"], found["step"]) == ("2026-03-02T12:04:00Z", "2026-03-02T12:00:00Z", 60)
    assert (rule["objective"], rule["windowSeconds"], rule["threshold"]) == ("webhook-delivery-15m", 900, 1.0)
    assert rule["long"] == [0.0, 0.0, 20.0, 14.286]  # 12:01 to 12:02 is excluded: 2 of 10, then 2 of 14
    rows = world.as_(ACME).get(f"/api/v1/burn.csv?{query}").text.splitlines()
    assert rows[0] == "from,objective,threshold,long,short"
    assert rows[4] == "2026-03-02T12:03:00Z,webhook-delivery-15m,1.0,14.286,"
    assert world.as_(FOO).get(f"/api/v1/burn?{query}").status_code == 404
