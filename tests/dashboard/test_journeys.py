"""What people do on the pages, in a browser: each journey from the link that it begins with to what came of it."""

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.dashboard import month
from tests.dashboard.browser import DESKTOP, PHONE, Reader, chromium, served
from tests.database_fixture import own_database
from tests.incidents.build import Desk, patient, rows

STANDING = f"/standing/{month.CHARTS}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture(scope="module")
def url(postgres: str, month_name: str) -> Iterator[str]:
    with own_database(postgres, template=month_name) as one:
        yield one


@pytest.fixture(scope="module")
def base(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("mails")
    with served(url, folder) as address:
        yield address


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def people(request: pytest.FixtureRequest, browser: Browser, base: str) -> Iterator[dict[str, Reader]]:
    """One of the platform and one of Acme, each with a browser; on a phone and without a script the second time."""
    more = {"width": DESKTOP} if request.param else {"width": PHONE, "java_script_enabled": False}
    found = {name: Reader(browser, base, name, **more) for name in ("platform", "acme")}
    yield found
    for one in found.values():
        one.close()
        assert not one.errors


def on_record(page: Page) -> None:
    expect(page.get_by_role("status").first).to_contain_text("on record")


def refresh(url: str) -> None:
    """Let the desk look at incidents."""

    async def scenario() -> None:
        async with patient(url) as one:
            now_ms = time.time_ns() // 1_000_000
            await one.run(partial(Desk(one).projection.refresh, at_ms=now_ms, judged_ms=None))

    with ThreadPoolExecutor(1) as thread:  # the browser's event loop runs in this one
        thread.submit(lambda: asyncio.run(scenario())).result(timeout=60)


def test_a_partner_appeals_and_the_platform_decides(people: dict[str, Reader]) -> None:
    page = people["acme"].open(f"/alerts/{month.old_breach_of(month.CHARTS)}")
    page.get_by_role("link", name="Appeal against it").click()
    page.get_by_label("Why it should not count").fill("The platform had cut our CDN off")
    page.get_by_role("button", name="Appeal").click()
    on_record(page)
    expect(page.locator("#appeals tbody tr").first).to_contain_text("To be decided")
    page = people["platform"].open("/standing")
    page.get_by_role("link", name="Charts").click()
    row = page.locator("#appeals tbody tr").first
    row.get_by_label("Why").fill("Not so, by our logs")
    row.get_by_role("button", name="Reject").click()
    on_record(page)
    expect(page.locator("#appeals tbody tr").first).to_contain_text("Rejected")
    page.get_by_label("Override: it stands where you say").check()
    page.get_by_label("Stage of an override").select_option(label="Clear")
    page.get_by_label("Why for the record, with your name").fill("migration")
    page.get_by_role("button", name="Put it on record").click()
    on_record(page)
    expect(page.get_by_text("Olga: migration").first).to_be_visible()


def test_the_platform_raises_an_incident_and_a_partner_is_hit_too(people: dict[str, Reader], url: str) -> None:
    title = f"Webhooks are late {time.time_ns()}"
    page = people["platform"].open("/incidents")
    page.get_by_role("link", name="Raise an incident").click()
    page.get_by_label("What it is called").fill(title)
    page.get_by_label("Apps that are hit").fill(f"{month.CHARTS} {month.BOARDS}")
    page.get_by_label("What does not work").select_option(index=1)
    page.get_by_role("button", name="Raise it").click()
    on_record(page)
    refresh(url)
    page = people["acme"].open("/incidents")
    page.get_by_role("link", name=title).click()
    page.get_by_label("What you see").fill("our hooks, too")
    page.get_by_role("button", name="Report that you are hit").click()
    on_record(page)
    refresh(url)
    page = people["platform"].open("/incidents")
    page.get_by_role("link", name=title).click()
    page.get_by_text("Something is known better").click()
    page.get_by_label("Users that are hit").fill("20,000")
    page.get_by_role("group").get_by_role("button", name="Put it on record").click()
    on_record(page)
    page.get_by_label("State").select_option(label="Resolved")
    page.get_by_role("button", name="Set the state").click()
    refresh(url)
    page.reload()
    page.get_by_label("What happened, and why").fill("A disk was full.")
    page.get_by_label("What is done about it").fill("ben: alert on disks by 2026-12-30")
    page.get_by_role("button", name="Submit it").click()
    on_record(page)
    (record,) = (one["record"] for one in rows(url, "select record from incident") if one["record"]["title"] == title)
    assert (record["reports"], record["users"], record["state"]) == (1, 20_000, "RESOLVED")


def test_the_platform_looks_as_a_partner_and_comes_back(people: dict[str, Reader]) -> None:
    page = people["platform"].open("/")
    page.get_by_role("link", name="Look as a partner").click()
    page.get_by_role("button", name="Look as Acme").click()
    expect(page.get_by_text("You look as acme")).to_be_visible()
    page.get_by_role("link", name="Standing").first.click()
    expect(page.get_by_text("You look as acme")).to_be_visible()
    expect(page.get_by_role("link", name="Boards")).to_have_count(0)
    page.get_by_role("link", name="Charts").click()
    expect(page.get_by_role("button", name="Appeal")).to_have_count(0)
    page.get_by_role("button", name="Back to everything").click()
    page.get_by_role("link", name="Standing").first.click()
    expect(page.get_by_role("link", name="Boards")).to_be_visible()


def test_a_delivery_that_was_given_up_is_sent_again(people: dict[str, Reader], url: str) -> None:
    chosen = "select id from delivery where state in ('DEAD', 'SUPPRESSED') limit 1"
    (dead,) = rows(url, f"update delivery set state = 'DEAD' where id in ({chosen}) returning id")  # noqa: S608
    page = people["platform"].open("/deliveries?state=DEAD")
    page.get_by_role("link", name=dead["id"]).click()
    page.get_by_role("button", name="Send it again").click()
    expect(page.get_by_role("status").first).to_contain_text("It is due now")
    expect(page.get_by_role("button", name="Try it now")).to_be_visible()


def test_nothing_hinders_anybody_on_them(browser: Browser, base: str, url: str) -> None:
    incident = rows(url, "select id from incident limit 1")
    pages = ["/incidents/new", STANDING, "/look-as", "/logins", "/deliveries", "/alerts"]
    pages += [f"/incidents/{one['id']}" for one in incident]
    pages += [f"/deliveries/{one['id']}" for one in rows(url, "select id from delivery limit 1")]
    problems = []
    for width, schemes in ((PHONE, ["dark", "light"]), (DESKTOP, ["light"])):
        one = Reader(browser, base, "platform", width)
        for path in pages:
            one.open(path)
            problems += [f"{path}: {line}" for line in one.violations() + one.hindrances(*schemes)]
        one.context.add_cookies([{"name": "slo-look-as", "value": "acme", "url": base}])
        one.open(STANDING)
        problems += [f"looking: {line}" for line in one.violations() + one.hindrances(*schemes)]
        one.close()
    assert not problems
