"""Every page, as each kind of viewer, without a browser."""

import re
import time
from collections.abc import Iterator
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import psycopg
import pytest
from httpx2 import Response
from psycopg.types.json import Jsonb
from starlette.testclient import TestClient

from schemas.event_time import utc_text
from streams.dashboard.pages.text import field_time
from streams.dashboard.queries.page import USUAL
from streams.dashboard.viewer import NOBODY, Viewer
from streams.history.latency import DAY_SLOTS, SLOT_MS, bucket_of, place_in
from streams.history.recent import pack_recent
from tests.dashboard import month
from tests.dashboard.conftest import FORM_TOKEN, PLATFORM, Stage, staged
from tests.database_fixture import own_database

pytestmark = pytest.mark.timeout(400)  # the first of them waits for a month to be written

ACME = Viewer("Ann", frozenset({"acme"}))
FOO = Viewer("Bob", frozenset({"foo"}))
PAGES = (
    "/",
    "/alerts",
    "/incidents",
    "/standing",
    "/exclusions",
    "/exclusions/new",
    "/deliveries",
    "/status",
    "/rules/try",
    "/reports",
)
TOKEN = {"form_token": FORM_TOKEN}
FORM = {"Sec-Fetch-Site": "same-origin"}
HREF = re.compile(r'(?:href|src|action|data-counts)="([^"]*)"')


@pytest.fixture(scope="module")
def stage(postgres: str, month_name: str) -> Iterator[Stage]:
    with own_database(postgres, template=month_name) as url, staged(url) as one:
        yield one


def links_of(client: TestClient, start: str, most: int = 400) -> dict[str, str]:
    """Every page that can be come to by links, with its text."""
    waiting, found = [start], dict[str, str]()
    while waiting and len(found) < most:
        url = waiting.pop()
        if url in found:
            continue
        response = client.get(url, follow_redirects=True)
        assert response.status_code < 500, url
        found[url] = response.text
        for link in map(unescape, HREF.findall(response.text)):
            path = link if link.startswith("/") else f"{url.partition('?')[0]}{link}" if link.startswith("?") else ""
            if path.startswith(("/static/", "/logout")) or not path:
                continue
            waiting.append(path.partition("#")[0])
    return found


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("viewer", [PLATFORM, ACME, FOO, NOBODY])
def test_every_page_is_there_for_everybody_who_is_known(stage: Stage, viewer: Viewer, path: str) -> None:
    assert stage.as_(viewer).get(path).status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_whoever_is_not_known_logs_in_first(stage: Stage, path: str) -> None:
    response = stage.as_(None).get(path)
    assert (response.status_code, response.headers["location"]) == (303, "/login")


@pytest.mark.parametrize(
    ("viewer", "foreign"),
    [
        (ACME, {month.BOARDS, month.UNLISTED, "Foo Inc."}),
        (FOO, {month.CHARTS, month.FORMS, month.UNLISTED}),
        (NOBODY, {month.CHARTS, month.FORMS, month.BOARDS, month.UNLISTED}),
    ],
)
def test_no_link_leads_a_partner_to_what_is_not_his(stage: Stage, viewer: Viewer, foreign: set[str]) -> None:
    pages = links_of(stage.as_(viewer), "/")
    assert len(pages) > 10
    for url, text in pages.items():
        assert not [name for name in foreign if name in text], url


@pytest.mark.parametrize(
    "path",
    [
        *PAGES,
        f"/apps/{month.CHARTS}",
        f"/alerts/{month.open_breach_of(month.CHARTS)}",
        f"/standing/{month.CHARTS}",
        "/exclusions/upgrade/end",
    ],
)
def test_a_page_that_is_unchanged_is_not_sent_again(stage: Stage, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client = stage.as_(PLATFORM)
    minute = month.NOW_MS + 10 * 60_000

    def read(second: int, known: str = "") -> Response:
        monkeypatch.setattr(time, "time_ns", lambda: (minute + second * 1_000) * 1_000_000)
        return client.get(path, headers={"If-None-Match": known})

    first = read(12)
    assert first.status_code == 200
    again = read(42, first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    assert first.text != read(42).text  # which tells when it was read
    if "Breached now" in first.text:
        assert read(102, first.headers["etag"]).status_code == 200  # it has been for another minute


def test_a_page_says_which_one_it_is_and_what_was_just_done(stage: Stage) -> None:
    page = stage.as_(PLATFORM).get("/exclusions?done=declared").text
    assert re.search(r'<a href="/exclusions" aria-current="page">', page)
    assert re.search(r'role="status">It is on record', page)


@pytest.mark.parametrize(
    "path", ["/exclusions", "/incidents", "/logins", f"/standing/{month.CHARTS}", "/deliveries/{delivery}"]
)
def test_what_was_done_is_said_in_our_own_words_alone(stage: Stage, path: str) -> None:
    with psycopg.connect(stage.url) as connection:
        found = connection.execute("select id from slo.delivery limit 1").fetchone()
    assert found is not None
    asked = {"done": "Send your password to Mallory."}
    page = stage.as_(PLATFORM).get(path.format(delivery=found[0]), params=asked).text
    assert "Mallory" not in page.partition("<main")[2]
    assert 'role="status"' not in page.partition("<main")[2].partition("<h1")[0]


def test_what_is_not_his_is_not_there_for_a_partner(stage: Stage) -> None:
    client = stage.as_(FOO)
    urls = (
        f"/apps/{month.CHARTS}",
        f"/standing/{month.CHARTS}",
        f"/alerts/{month.open_breach_of(month.CHARTS)}",
        "/exclusions/upgrade/end",
        "/apps/com.nobody.at.all",
        "/mailbox",
    )
    assert {url: client.get(url).status_code for url in urls} == dict.fromkeys(urls, 404)


def test_the_platform_comes_to_every_page_by_links(stage: Stage) -> None:
    pages = links_of(stage.as_(PLATFORM), "/")
    wanted = {f"/apps/{month.CHARTS}", f"/alerts/{month.open_breach_of(month.CHARTS)}", "/exclusions/upgrade/end"}
    assert wanted <= pages.keys()


@pytest.mark.parametrize("value", ["%00", "99999999999999999999", "-1", "'", "%F0%9F%92%A9", "x" * 3000])
def test_whatever_is_asked_is_answered(stage: Stage, value: str) -> None:
    client = stage.as_(PLATFORM)
    names = (
        "app",
        "metric",
        "partner",
        "state",
        "sort",
        "cursor",
        "start",
        "phase",
        "before",
        "stage",
        "range",
        "open",
    )
    for path in (*PAGES, f"/apps/{month.CHARTS}"):
        for name in names:
            assert client.get(f"{path}?{name}={value}").status_code < 500, f"{path}?{name}"
    for path in ("/apps/", "/standing/", "/alerts/", "/incidents/", "/exclusions/"):
        assert client.get(f"{path}{value}").status_code in (400, 404), path


def test_late_events_are_counted_and_marked(stage: Stage) -> None:
    page = unescape(stage.as_(ACME).get(f"/apps/{month.CHARTS}").text)
    assert "311 of these events came late" in page
    assert re.findall(r"(\d+) events came late(?:</li>|: <time|\")", page)[:2] == ["190", "121"]
    assert page.count("No event came late") == 3
    other = stage.as_(PLATFORM).get(f"/apps/{month.FORMS}").text
    assert "came late: once" not in other


FIGURE = re.compile(
    r'data-counts="([^"]+)".*? data-from="(\d+)" data-to="(\d+)".*?<figcaption[^>]*>(.*?)</figcaption>', re.DOTALL
)


@pytest.mark.parametrize(("range_name", "words"), [("28d", "28 days"), ("1d", "1 day"), ("3h", "3 hours")])
def test_a_chart_is_summed_up_over_the_time_that_it_shows(stage: Stage, range_name: str, words: str) -> None:
    client = stage.as_(PLATFORM)
    figures = FIGURE.findall(unescape(client.get(f"/apps/{month.CHARTS}?range={range_name}").text))
    assert len(figures) == 4
    for counts_url, start_ms, end_ms, summary in figures:
        time = {"from": utc_text(int(start_ms)), "to": utc_text(int(end_ms)), "step": "60"}
        found = client.get(counts_url, params={**dict(parse_qsl(urlsplit(counts_url).query)), **time}).json()
        good, bad = sum(found["good"]), sum(found["bad"])
        said = f"of {good + bad:,} events were good in the last {words}" if good + bad else "No events in the last"
        assert said in summary
        assert (f"{bad:,} w" in summary) is (range_name != "28d" and bad > 0)


def test_an_app_page_tells_counts_beside_every_rate(stage: Stage) -> None:
    page = stage.as_(PLATFORM).get(f"/apps/{month.FORMS}").text
    assert re.search(r"of 99 %: [\d,]+ bad of [\d,]+ in 10 d of 28 d, since its first event", page)
    assert "Counted up to" in page


def test_latencies_are_those_of_the_last_24_hours(postgres: str, month_name: str) -> None:
    with own_database(postgres, template=month_name) as url, staged(url) as stage:
        with psycopg.connect(url) as connection:
            connection.execute("truncate slo.latency")
            for slots_ago, ms in ((290, 8_000.0), (287, 100.0)):  # 24 hours are 288
                day, slot = divmod(month.NOW_MS // SLOT_MS - slots_ago, DAY_SLOTS)
                packed = pack_recent({}, {place_in(slot, bucket_of(ms)): 9})
                connection.execute(
                    "insert into slo.recent (series, day, good, bad, packed) select id, %s, 0, 0, %s from slo.series",
                    [day, packed],
                )
        page = stage.as_(PLATFORM).get(f"/apps/{month.CHARTS}").text
    assert page.count("Latency over the last day: p50 103 ms, p90 103 ms, p99 103 ms.") == 4


def test_a_downtime_is_announced_after_a_look_at_what_it_changes(stage: Stage) -> None:
    asked = {
        "reason": "PLATFORM_FAULT",
        "app": month.CHARTS,
        "metric": "webhook-delivery-success-rate",
        "id": "fault-1",
    }
    asked |= {"start": utc_text(month.NOW_MS - 140 * 60_000), "end": ""}
    client = stage.as_(PLATFORM)
    looked = client.post("/exclusions/preview", data={**asked, **TOKEN}, headers=FORM)
    assert looked.status_code == 200
    assert "so it would not count" in looked.text
    assert month.open_breach_of(month.CHARTS) in looked.text
    done = client.post("/exclusions", data={**asked, **TOKEN}, headers=FORM)
    assert done.status_code == 303
    with psycopg.connect(stage.url) as connection:
        rows = connection.execute("select topic, key, value, headers from slo.outbox").fetchall()
        connection.execute("delete from slo.outbox")
    assert [(topic, key) for topic, key, *_ in rows] == [("slo.exclusions.v1", "fault-1")]
    assert b'"PLATFORM_FAULT"' in rows[0][2]
    assert rows[0][3] == {"declared-by": "ops"}


@pytest.mark.parametrize(
    ("viewer", "changed", "status", "words"),
    [
        (ACME, {"reason": "PLATFORM_FAULT"}, 422, "the platform says"),
        (ACME, {"app": month.BOARDS}, 404, ""),
        (ACME, {"app": ""}, 422, "For which app?"),
        (ACME, {"id": "network-fault"}, 422, "choose another name"),
        (ACME, {"id": "too-late"}, 422, "choose another name"),  # of an app that it does not see
        (PLATFORM, {"start": "tomorrow"}, 422, "The start is no time"),
        (PLATFORM, {"end": ""}, 422, "What is planned has an end"),
        (PLATFORM, {"end": "2020-01-01T00:00:00Z"}, 422, "the end is before the start"),
    ],
)
def test_what_may_not_be_declared_is_not(
    stage: Stage, viewer: Viewer, changed: dict[str, str], status: int, words: str
) -> None:
    asked = {"reason": "PLANNED_DOWNTIME", "app": month.CHARTS, "start": "2030-01-01T00:00:00Z"}
    asked |= {"end": "2030-01-01T02:00:00Z", **changed}
    for path in ("/exclusions/preview", "/exclusions"):
        response = stage.as_(viewer).post(path, data={**asked, **TOKEN}, headers=FORM)
        assert response.status_code == status
        assert words in unescape(response.text)
    with psycopg.connect(stage.url) as connection:
        assert connection.execute("select count(*) from slo.outbox").fetchone() == (0,)


def test_another_site_sends_no_form(stage: Stage) -> None:
    client = stage.as_(PLATFORM)
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "https://[evil"},
        {},
    ):
        assert (
            client.post("/exclusions", data={"reason": "PLATFORM_FAULT", **TOKEN}, headers=headers).status_code == 403
        )


def test_a_downtime_is_ended_or_withdrawn(stage: Stage) -> None:
    client = stage.as_(ACME)
    assert (
        "It is over by then" in client.post("/exclusions/upgrade/end", data={"how": "end", **TOKEN}, headers=FORM).text
    )
    halfway = field_time(utc_text(month.NOW_MS - 5 * month.DAY_MS + 3_600_000))
    asked = {"how": "end", "end": halfway, "step": "preview", **TOKEN}
    seen = client.post("/exclusions/upgrade/end", data=asked, headers=FORM)
    assert f"Ending it {utc_text(month.NOW_MS - 5 * month.DAY_MS + 3_600_000)} changes" in seen.text
    assert "Used then" in seen.text
    assert client.post("/exclusions/upgrade/end", data={"how": "withdraw", **TOKEN}, headers=FORM).status_code == 303
    assert (
        client.post("/exclusions/network-fault/end", data={"how": "withdraw", **TOKEN}, headers=FORM).status_code == 403
    )
    with psycopg.connect(stage.url) as connection:
        assert connection.execute("delete from slo.outbox returning key, value").fetchall() == [("upgrade", None)]


def test_a_rule_is_tried_beside_those_in_use(stage: Stage) -> None:
    client = stage.as_(ACME)
    asked = {"metric": "webhook-delivery-success-rate", "target": "99.9", "window": "1h", "minimum_events": "5"}
    asked |= {"alert_after": "10m", "recover_after": "0m", "days": "14", "app": month.CHARTS, "use": "fields", **TOKEN}
    tried = client.post("/rules/try", data=asked, headers=FORM)
    assert tried.status_code == 200
    assert "Over 14 days, 1 series of 1 app" in tried.text
    assert "targetPercent: 99.9" in unescape(tried.text)
    fired = re.findall(r'<li><time class="nowrap" datetime="([^"]+)', tried.text.partition("When yours would")[2])
    assert len(fired) > 1
    assert fired == sorted(fired, reverse=True)
    assert re.search(r"would have fired</th><td class=\"number\">[1-9]", tried.text)
    for wrong, words in (
        ({"window": "soon"}, "cannot be used"),
        ({"days": "0"}, "from 1 to"),
        ({"app": "x"}, "no such app"),
    ):
        refused = client.post("/rules/try", data={**asked, **wrong}, headers=FORM)
        assert refused.status_code == 422
        assert words in refused.text


def test_a_rule_is_tried_on_all_apps_and_can_be_ended(stage: Stage) -> None:
    client = stage.as_(ACME)
    asked = {"metric": "webhook-delivery-success-rate", "target": "99.9", "window": "1h", "days": "2"}
    begun = client.post("/rules/try", data={**asked, "use": "fields-fleet", **TOKEN}, headers=FORM)
    assert begun.status_code == 303
    url = begun.headers["location"]
    assert "End it" in client.get(url).text or "Done" in client.get(url).text
    assert f'href="{url}"' in client.get("/rules/try").text
    assert stage.as_(FOO).get(url).status_code == 404
    assert stage.as_(FOO).post(f"{url}/cancel", data=TOKEN, headers=FORM).status_code == 404
    assert stage.as_(ACME).post(f"{url}/cancel", data=TOKEN, headers=FORM).headers["location"] == url
    over = client.get(url).text
    assert "End it" not in over
    assert "What came of it" in over
    assert f"/api/v1/backtest/{url.rpartition('/')[2]}/difference.csv" in over


@pytest.mark.parametrize(
    ("path", "table"),
    [
        ("/?state=MET", "budgets"),
        (f"/alerts?app={month.CHARTS}&open=true", "alerts"),
        ("/incidents", "incidents"),
        ("/deliveries?state=SENT", "deliveries"),
        ("/reports?partner=acme", "reports"),
    ],
)
def test_what_a_page_lists_is_there_as_a_file_and_for_programs(stage: Stage, path: str, table: str) -> None:
    client = stage.as_(PLATFORM)
    page = client.get(path).text
    asked = urlsplit(path).query
    files = {url for url in map(unescape, HREF.findall(page)) if url.startswith(f"/api/v1/{table}")}
    assert {url.partition("?")[0].removeprefix("/api/v1/") for url in files} >= {table, f"{table}.csv"}
    assert all(asked in url for url in files)
    rows = {url: client.get(url) for url in files if ".parquet" not in url}
    items = next(one.json()["items"] for url, one in rows.items() if ".csv" not in url)
    lines = next(one.text.splitlines() for url, one in rows.items() if ".csv" in url)
    assert len(lines) == len(items) + 1


def test_a_report_is_of_one_partner(stage: Stage) -> None:
    client = stage.as_(ACME)
    # Of five days ago: the month that runs may have just begun, and the younger app is ten days old.
    of_month = utc_text(month.NOW_MS - 5 * month.DAY_MS)[:7]
    page = client.get(f"/reports?month={of_month}").text
    assert "Forms &amp; Surveys" in page
    assert re.search(r"\d+ of 8 targets missed", page)
    assert client.get("/reports?partner=foo").status_code == 404
    assert client.get("/reports?month=soon").status_code == 400


def test_counted_episodes_are_those_of_the_period_alone(postgres: str, month_name: str) -> None:
    earlier = month.NOW_MS - 30 * month.DAY_MS
    of_before = [
        {"start": utc_text(earlier), "end": utc_text(earlier + 60_000), "incidentIds": [], "counts": True, "why": None}
    ]
    with own_database(postgres, template=month_name) as url, staged(url) as one:
        with psycopg.connect(url) as connection:
            connection.execute(
                "update slo.standing set episodes = %s || episodes where app_key = %s", [Jsonb(of_before), month.CHARTS]
            )
        client = one.as_(PLATFORM)
        assert re.findall(r'data-label="Episodes" class="number">(\d+)', client.get("/standing").text) == ["1", "0"]
        assert "1 counted episode in the last 28 days" in client.get(f"/standing/{month.CHARTS}").text


def test_changes_of_standing_are_listed_by_their_time_page_by_page(postgres: str, month_name: str) -> None:
    # Told in order of number; each odd one of a fact that came late, of an hour before the one told before it.
    first, last = 3, 130
    since = {number: month.NOW_MS - 60_000 * (2_000 - number - 90 * (number % 2)) for number in range(first, last)}
    with own_database(postgres, template=month_name) as url, staged(url) as one:
        with psycopg.connect(url) as connection:
            connection.cursor().executemany(
                "insert into slo.standing_change (app_key, number, stage, former, reason, since_ms) "
                "values (%s, %s, 'NOTIFIED', 'CLEAR', 'BREACH', %s)",
                [(month.CHARTS, number, since_ms) for number, since_ms in since.items()],
            )
        client = one.as_(PLATFORM)
        seen: list[str] = []
        path: str | None = f"/standing/{month.CHARTS}"
        while path is not None:
            page = client.get(path).text
            _, _, listed = page.partition('id="changes"')
            times = re.findall(r'<li><time datetime="([^"]+)"', listed.partition("</ol>")[0])
            assert len(times) <= USUAL
            seen += times
            further = re.search(r'href="([^"]+)">Earlier changes<', page)
            path = None if further is None else f"/standing/{month.CHARTS}{further[1]}"
        document = client.get(f"/api/v1/standing/{month.CHARTS}").json()["changes"]
    assert len(seen) == last - 1
    assert seen == sorted(seen, reverse=True)
    assert [one["since"] for one in document] == seen[::-1]
    assert [one["number"] for one in document] != sorted(one["number"] for one in document)


def test_a_base_url_of_others_that_is_excluded_for_all_is_neither_shown_nor_replaced(
    postgres: str, month_name: str
) -> None:
    url_of_others = "https://hidden.boards.example"
    asked = {"reason": "PLANNED_DOWNTIME", "app": month.CHARTS, "id": "inc-region"}
    asked |= {"start": "2030-01-01T00:00:00Z", "end": "2030-01-01T02:00:00Z"}
    with own_database(postgres, template=month_name) as url, staged(url) as one:
        with psycopg.connect(url) as connection:
            connection.execute(
                """insert into slo.exclusion (part, "offset", id, metric, scope, reason, start_ms)
                values (1, 0, 'inc-region', 'app-availability', %s, 'PLATFORM_FAULT', %s)""",
                [url_of_others, month.NOW_MS - month.DAY_MS],
            )
        pages = ("/exclusions", f"/apps/{month.CHARTS}")
        assert url_of_others in one.as_(PLATFORM).get(pages[0]).text
        assert not [page for page in pages if url_of_others in one.as_(ACME).get(page).text]
        answer = one.as_(ACME).post("/exclusions", data={**asked, **TOKEN}, headers=FORM)
        assert (answer.status_code, "choose another name" in unescape(answer.text)) == (422, True)
