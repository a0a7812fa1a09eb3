"""Pages in a browser: nothing that the policy refuses or that hinders anybody, and all of it without a script, too."""

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from playwright.sync_api import Browser, Request, Route, expect

from streams.database.text import storable
from tests.dashboard import month
from tests.dashboard.browser import PATIENCE_MS, SCREENS, Reader, put_mail, served
from tests.database_fixture import own_database

pytestmark = pytest.mark.timeout(400)  # the first of them waits for a month to be written

APP = f"/apps/{month.CHARTS}"
WEBHOOK = "figure.chart[data-counts*=webhook]"
PAGES = (
    "/?partner=acme",
    "/?app=acme",
    APP,
    "/alerts",
    f"/alerts/{month.open_breach_of(month.CHARTS)}",
    "/incidents",
    "/incidents/new",
    "/standing",
    f"/standing/{month.CHARTS}",
    "/exclusions?phase=past",
    "/exclusions/new",
    "/exclusions/upgrade/end",
    "/deliveries",
    "/rules/try",
    "/reports?partner=acme",
    "/status",
    "/mailbox",
    "/mailbox/1.eml",
    "/look-as",
    "/logins",
    "/nowhere",
)
PAGE_WEIGHT = 300_000
# In one step: a chart that is drawn anew meanwhile is another element in the same place.
PLACE_OF_PLOT = """(figure) => {
  const plot = figure.querySelector(".u-over");
  plot.scrollIntoView({block: "center"});
  const place = plot.getBoundingClientRect();
  return [place.right, place.top];
}"""

# From when until when a plot of two steps of an hour shows.
SHOWN = """async () => {
  const {PANELS, plotOf} = await import("/static/panels.js");
  const chart = {key: "", marks: [], data: {stepMs: 3_600_000}};
  return plotOf(PANELS[1], chart, 500, true, {}).scales.x.range(null, 0, 3_600_000);
}"""

# As whoever comes back to a page again and again: it may be about to look by itself, or at it.
LOOK = "setInterval(() => document.dispatchEvent(new Event('visibilitychange')), 500)"
# Of a month of five minutes, on a chart of fewer pixels: how many pixels have the colour of the line low in the plot,
# where it is at one step alone.
SPIKE = """async () => {
  const {PANELS, plotOf} = await import("/static/panels.js");
  const {colour} = await import("/static/colours.js");
  const points = 8064, stepMs = 300_000;
  const times = Array.from({length: points}, (_, at) => at * stepMs);
  const rate = times.map((_, at) => (at === 5000 ? 50 : at < 100 ? null : 100));
  const chart = {key: "spike", marks: [], target: 0.5, data: {stepMs}};
  const box = document.querySelector("main").appendChild(document.createElement("div"));
  const plot = new uPlot(plotOf(PANELS[0], chart, 900, false, {}), [times, rate], box);
  await new Promise(requestAnimationFrame);
  const {left, top, width, height} = plot.bbox;
  const image = plot.ctx.getImageData(left, top + height / 2, width, height / 5).data;
  const probe = document.createElement("canvas").getContext("2d");
  probe.fillStyle = colour("--series-rate");
  probe.fillRect(0, 0, 1, 1);
  const line = probe.getImageData(0, 0, 1, 1).data;
  const columns = new Set();
  for (let at = 0; at < image.length; at += 4) {
    if ([0, 1, 2].every((part) => Math.abs(image[at + part] - line[part]) < 40)) columns.add((at / 4) % width);
  }
  return [...columns].map((pixel) => Math.round((pixel / width) * points));
}"""


@pytest.fixture(scope="session")
def database_url(postgres: str, month_name: str) -> Iterator[str]:
    with own_database(postgres, template=month_name) as url:
        month.fill_fleet(url, 1_000)  # 3,000 series
        yield url


@pytest.fixture(scope="session")
def base(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("mails")
    html = '<html lang="en"><title>Mail</title><main><h1>Breach</h1></main>%s</html>'
    for name, script in (
        ("1.eml", '<script type="application/json">{}</script>'),
        ("2.eml", "<script>alert(1)</script>"),
    ):
        put_mail(folder / name, "[BREACH] Charts: 98.7 % < 99 %", html % script)
    with served(database_url, folder) as address:
        yield address


@pytest.fixture
def reader(browser: Browser, base: str) -> Iterator[Reader]:
    one = Reader(browser, base, "platform")
    yield one
    one.close()
    assert not one.errors


@pytest.mark.parametrize(("width", "schemes"), SCREENS)
@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_refused_and_nobody_is_hindered(
    browser: Browser, base: str, path: str, width: int, schemes: tuple[str, str]
) -> None:
    one = Reader(browser, base, "platform", width)
    try:
        one.open(path)
        one.wait_for_charts()
        expected = "the server responded with a status of 404" if path == "/nowhere" else None
        found = [line for line in one.violations() if expected is None or expected not in line]
        assert found + one.hindrances(*schemes) == []
    finally:
        one.close()


def test_a_chart_is_moved_by_keys_alone_and_told_in_words(reader: Reader) -> None:
    page = reader.open(APP)
    figure = page.locator(WEBHOOK)
    figure.scroll_into_view_if_needed()
    figure.and_(page.locator("[data-drawn]")).wait_for()
    figure.focus()
    page.keyboard.press("End")
    told = figure.locator(".told")
    expect(told).to_contain_text(re.compile(r"\d+\.\d+ %, [\d,]+ bad of [\d,]+"))
    expect(told).to_contain_text("Breach of webhook-delivery-15m")
    end = told.inner_text()
    page.keyboard.press("PageUp")
    expect(told).not_to_have_text(end)
    page.keyboard.press("+")
    expect(figure).not_to_have_attribute("data-drawn", "673")
    page.keyboard.press("Escape")
    expect(figure).to_have_attribute("data-drawn", re.compile("67[23]"))


def test_dragging_over_a_chart_enlarges_it_minute_by_minute(reader: Reader) -> None:
    """Also if the page is told meanwhile that something changed."""
    reader.stay_as_opened()
    page = reader.open(APP)
    figure = page.locator(WEBHOOK)
    figure.scroll_into_view_if_needed()
    figure.and_(page.locator("[data-drawn]")).wait_for()
    right, top = figure.evaluate(PLACE_OF_PLOT)
    with page.expect_response(re.compile(r"/api/v1/counts.*step=60")):
        page.mouse.move(right - 40, top + 20)
        page.mouse.down()
        with page.expect_response(re.compile(r"/api/v1/counts.*step=3600")) as told:
            figure.dispatch_event("fresh")
        told.value.finished()
        page.mouse.move(right - 5, top + 20, steps=3)
        page.mouse.up()


def test_the_time_shown_is_moved_by_buttons_and_keys(reader: Reader) -> None:
    page = reader.open(APP)
    figure = page.locator(WEBHOOK)
    figure.scroll_into_view_if_needed()
    figure.and_(page.locator("[data-drawn]")).wait_for()
    figure.focus()
    acts: tuple[Callable[[], None], ...] = (
        lambda: page.keyboard.press("+"),
        lambda: page.keyboard.press("+"),
        lambda: page.keyboard.press("Shift+ArrowLeft"),
        lambda: figure.get_by_role("button", name="Earlier").click(),
        lambda: figure.get_by_role("button", name="Later").click(),
    )
    whole_s = int(figure.get_attribute("data-from") or 0) / 1_000
    starts = [datetime.fromtimestamp(whole_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")]

    def start_of(request: Request) -> str:
        return parse_qs(urlsplit(request.url).query)["from"][0]

    def is_moved(request: Request) -> bool:
        """A chart that follows what happens asks for the same time again."""
        return bool(re.search("/api/v1/counts.*metric=webhook", request.url)) and start_of(request) != starts[-1]

    for act in acts:
        with page.expect_request(is_moved) as asked:
            act()
        starts.append(start_of(asked.value))
        asked.value.response()
    _, _, zoomed, earlier, earliest, later = starts
    assert earliest < earlier == later < zoomed


@pytest.mark.parametrize("has_scripts", [True, False])
def test_a_rule_on_all_apps_is_followed_and_looked_at_again(browser: Browser, base: str, has_scripts: bool) -> None:
    one = Reader(browser, base, "platform", java_script_enabled=has_scripts)
    try:
        page = one.open("/rules/try")
        page.get_by_label("Over how many days").fill("1")
        page.get_by_role("button", name="Try it on all apps").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Try a rule on all apps")
        hindrances = one.hindrances("light") if has_scripts else []
        done = page.get_by_text("Done", exact=True)
        deadline_s = time.monotonic() + PATIENCE_MS / 1_000
        while not has_scripts and not done.is_visible():
            assert time.monotonic() < deadline_s
            page.get_by_role("link", name="Look again").or_(done).first.click()
        expect(done).to_be_visible()
        expect(page.get_by_role("heading", level=2)).to_have_text("What came of it")
        assert not hindrances + (one.violations() + one.hindrances("light", "dark") if has_scripts else [])
    finally:
        one.close()


def test_the_rules_of_a_series_are_drawn_and_told(reader: Reader) -> None:
    page = reader.open(APP)
    section = page.locator("section.card").filter(has=page.locator(WEBHOOK))
    rules = section.get_by_role("table", name=re.compile("^Its rules"))
    expect(rules).to_contain_text(re.compile(r"webhook-delivery-15m.*\d ×\s*over 15 min.*1 ×.*Burns too fast"))
    figure = section.locator("figure.chart")
    figure.scroll_into_view_if_needed()
    figure.and_(page.locator("[data-drawn]")).wait_for()
    expect(figure).to_contain_text("Burn rate, webhook-delivery-15mover 15 minfires above 1 ×")
    figure.focus()
    page.keyboard.press("End")
    expect(figure.locator(".told")).to_contain_text(re.compile(r"webhook-delivery-15m burns [\d.]+ of 1 ×"))


def test_the_last_step_is_shown_to_its_end(reader: Reader) -> None:
    page = reader.open(APP)
    assert page.evaluate(SHOWN) == [0, 7_200_000]


def test_of_steps_that_share_a_pixel_the_worst_is_drawn(reader: Reader) -> None:
    page = reader.open(APP)
    drawn = page.evaluate(SPIKE)
    assert drawn
    assert all(abs(at - 5_000) < 30 for at in drawn)


def test_every_page_is_reached_by_the_keyboard(reader: Reader) -> None:
    page = reader.open("/")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#main :focus")).to_be_visible()


def test_pages_are_complete_without_a_script(browser: Browser, base: str) -> None:
    one = Reader(browser, base, "acme", java_script_enabled=False)
    try:
        page = one.open("/")
        page.get_by_label("App any part").fill("charts")
        page.get_by_role("button", name="Show").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Charts")
        page.get_by_text("As a table: 29 days").last.click()
        expect(page.get_by_role("table").filter(has_text="Excluded").last).to_contain_text(re.compile(r"\d\d\.\d\d %"))
        page.get_by_role("link", name="Announce a downtime").click()
        page.get_by_label("Start, UTC").fill("2099-01-01T02:00")
        page.get_by_label("End, UTC").fill("2099-01-01T03:00")
        page.get_by_role("button", name="Show what it changes").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Check what it changes")
        expect(page.get_by_text("It takes effect.")).to_be_visible()
    finally:
        one.close()


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_readable_while_all_that_adds_to_it_is_still_on_its_way(
    browser: Browser, base: str, path: str
) -> None:
    one = Reader(browser, base, "platform")
    # Neither scripts nor figures of charts come, nor does anybody say what changed.
    one.page.route(re.compile(r"\.js$|/api/|/changes$"), lambda _held: None)
    try:
        one.page.goto(base + path, wait_until="commit")
        expect(one.page.get_by_role("heading", level=1)).to_be_visible()
        expect(one.page.locator("footer")).to_contain_text("All times are UTC.")
        for figure in one.page.locator("figure.chart").all():
            expect(figure.locator("figcaption")).not_to_be_empty()
    finally:
        one.close()


@pytest.mark.parametrize("path", [path for path in PAGES if path != "/nowhere"])
def test_every_page_says_that_it_waits_for_its_server_and_goes_on(browser: Browser, base: str, path: str) -> None:
    one = Reader(browser, base, "platform")
    held: list[Route] = []
    slow = {"fetch"}  # figures of charts from the beginning; looks once the page has told that it is live
    is_held: Callable[[Request], bool] = lambda request: request.resource_type in slow  # noqa: E731
    one.page.route("**/*", lambda route: held.append(route) if is_held(route.request) else route.fallback())
    try:
        one.open(path)
        state = one.page.locator("#live-state")
        expect(state).to_have_text("live")
        slow.add("xhr")
        one.page.evaluate(LOOK)
        expect(state).to_have_text("waiting for the server; this is what it said last")
        expect(one.page.get_by_role("heading", level=1)).to_be_visible()
        for figure in one.page.locator("figure.chart").all():
            figure.scroll_into_view_if_needed()
            expect(figure).to_contain_text("The chart is being loaded. The table below has the days.")
        slow.clear()
        for route in held:
            route.fallback()
        expect(state).to_have_text("live")
    finally:
        one.close()


def test_a_page_says_that_its_server_is_away_and_looks_on(browser: Browser, base: str) -> None:
    one = Reader(browser, base, "platform")
    is_away = False
    one.page.route(
        "**/*",
        lambda route: route.abort() if is_away and route.request.resource_type == "xhr" else route.fallback(),
    )
    try:
        one.open("/status")
        state = one.page.locator("#live-state")
        expect(state).to_have_text("live")
        is_away = True
        one.page.evaluate(LOOK)
        expect(state).to_have_text("the server does not answer; looking every 5 s")
        is_away = False
        expect(state).to_have_text("live")
    finally:
        one.close()


def test_a_form_says_that_it_was_sent_and_is_sent_once(browser: Browser, base: str) -> None:
    one = Reader(browser, base, "platform")
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == "POST":
            held.append(route)
        else:  # the page looks for changes meanwhile
            route.continue_()

    try:
        page = one.open("/rules/try")
        one.context.route("**/rules/try", hold)
        # Into another window, as nobody looks at a page of ours that is being left.
        page.locator("main form").evaluate("(form) => { form.target = 'other'; }")
        button = page.get_by_role("button", name="Try this rule")
        button.click(no_wait_after=True)
        expect(page.get_by_role("status")).to_contain_text("The server is still at it")
        expect(button).to_be_disabled()
        assert ["use=fields" in (route.request.post_data or "") for route in held] == [True]
    finally:
        one.close()


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_whole_without_a_script(browser: Browser, base: str, path: str) -> None:
    one = Reader(browser, base, "platform", java_script_enabled=False)
    try:
        page = one.open(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        hidden = page.locator("[hidden]").evaluate_all("(found) => found.map((one) => one.id)")
        assert set(hidden) <= {"live-state", "zone-button"}
        for form in page.locator("form").all():
            assert form.locator("button[type=submit]").count()
        for figure in page.locator("figure.chart").all():
            assert figure.locator("xpath=..").locator("table").count()
    finally:
        one.close()


@pytest.mark.parametrize("has_stream", [True, False])
def test_an_open_page_follows_what_happens(browser: Browser, base: str, database_url: str, has_stream: bool) -> None:
    """At once, or by looking again and again where something between ends every stream of events."""
    one = Reader(browser, base, "platform")
    changed = "update slo.budget set breached = %s where app_key = %s and metric like 'iframe%%'"
    try:
        if not has_stream:
            one.page.route("**/changes", lambda route: route.abort())
        page = one.open("/?partner=foo")
        expect(page.locator("#live-state")).to_have_text("live" if has_stream else "reconnecting; looking every 5 s")
        row = page.get_by_role("row").filter(has_text="Boards").filter(has_text="Iframe")
        with psycopg.connect(database_url, autocommit=True) as connection:
            for is_breached in (True, False):
                connection.execute(changed.encode(), [is_breached, storable(month.BOARDS)])
                began_s = time.monotonic()
                expect(row.filter(has_text="Breached now")).to_have_count(int(is_breached))
                print(f"followed after {time.monotonic() - began_s:.1f} s")  # 5 s are promised, of an idle machine
    finally:
        one.close()


def test_times_are_told_in_the_readers_zone(browser: Browser, base: str) -> None:
    one = Reader(browser, base, "platform", timezone_id="Asia/Tokyo")
    try:
        page = one.open("/status")
        moment = page.locator("table time").first
        expect(moment).to_contain_text("UTC")
        page.get_by_role("button", name="Times: UTC").click()
        expect(moment).to_contain_text("GMT+9")
        one.open("/status")
        expect(moment).to_contain_text("GMT+9")
    finally:
        one.close()


def test_a_page_weighs_little(reader: Reader) -> None:
    reader.stay_as_opened()
    reader.open(APP)
    reader.wait_for_charts()
    sizes = "performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))"
    weight = reader.page.evaluate(f"{sizes}.reduce((sum, one) => sum + one.transferSize, 0)")
    assert 50_000 < weight < PAGE_WEIGHT


def test_of_three_thousand_series_the_worst_come_first(reader: Reader) -> None:
    page = reader.open("/?state=EXHAUSTED")
    shares = [float(text.split()[0].replace(",", "")) for text in page.get_by_test_id("used").all_inner_texts()]
    assert len(shares) == 50
    assert shares == sorted(shares, reverse=True)
    page.get_by_role("link", name="Next page").click()
    expect(page).to_have_url(re.compile("cursor="))
    assert float(page.get_by_test_id("used").first.inner_text().split()[0].replace(",", "")) <= shares[-1]
    page.get_by_label("App any part").fill("App 77")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", level=2)).to_contain_text("App 77")


def test_a_mail_is_shown_and_its_script_is_dead(reader: Reader) -> None:
    with reader.page.expect_console_message(lambda told: "Blocked script execution" in told.text) as kept:
        page = reader.open("/mailbox/2.eml")
    expect(page.frame_locator("iframe").get_by_role("heading")).to_have_text("Breach")
    reader.errors.remove(kept.value.text)
