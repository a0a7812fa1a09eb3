"""What people do on the pages, in a browser: each journey from the link that it begins with to what came of it."""

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from streams.dashboard.pages.incident_words import CAPABILITIES
from tests.dashboard import month
from tests.dashboard.browser import SCREENS, Reader, served
from tests.dashboard.hands import Pointer
from tests.incidents.build import Desk, patient, rows

pytestmark = pytest.mark.timeout(400)  # the first of them waits for a month to be written

STANDING = f"/standing/{month.CHARTS}"


@pytest.fixture(scope="module")
def base(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("mails")
    with served(url, folder) as address:
        yield address


@pytest.fixture
def people(way: dict[str, Any], browser: Browser, base: str) -> Iterator[dict[str, Reader]]:
    """One of the platform and one of Acme, each with a browser."""
    found = {name: Reader(browser, base, name, **way) for name in ("platform", "acme")}
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


def test_a_partner_appeals_and_the_platform_decides(people: dict[str, Reader], hands: Pointer) -> None:
    page = people["acme"].open(f"/alerts/{month.old_breach_of(month.CHARTS)}")
    hands.press(page.get_by_role("link", name="Appeal against it"))
    hands.write(page.get_by_label("Why it should not count"), "The platform had cut our CDN off")
    hands.press(page.get_by_role("button", name="Appeal"))
    on_record(page)
    expect(page.locator("#appeals tbody tr").first).to_contain_text("To be decided")
    page = people["platform"].open("/standing")
    hands.press(page.get_by_role("link", name="Charts"))
    row = page.locator("#appeals tbody tr").first
    hands.write(row.get_by_label("Why"), "Not so, by our logs")
    hands.press(row.get_by_role("button", name="Reject"))
    on_record(page)
    expect(page.locator("#appeals tbody tr").first).to_contain_text("Rejected")
    hands.check(page.get_by_label("Override: it stands where you say"))
    hands.select(page.get_by_label("Stage of an override"), label="Clear")
    hands.write(page.get_by_label("Why for the record, with your name"), "migration")
    hands.press(page.get_by_role("button", name="Put it on record"))
    on_record(page)
    expect(page.get_by_text("Olga: migration").first).to_be_visible()


def test_the_platform_raises_an_incident_and_a_partner_is_hit_too(
    people: dict[str, Reader], hands: Pointer, url: str
) -> None:
    title = f"Webhooks are late {time.time_ns()}"
    page = people["platform"].open("/incidents")
    hands.press(page.get_by_role("link", name="Raise an incident"))
    hands.write(page.get_by_label("What it is called"), title)
    hands.write(page.get_by_label("Apps that are hit"), f"{month.CHARTS} {month.BOARDS}")
    hands.select(page.get_by_label("What does not work"), label=CAPABILITIES[0][1])
    hands.press(page.get_by_role("button", name="Raise it"))
    on_record(page)
    refresh(url)
    page = people["acme"].open("/incidents")
    hands.press(page.get_by_role("link", name=title))
    hands.write(page.get_by_label("What you see"), "our hooks, too")
    hands.press(page.get_by_role("button", name="Report that you are hit"))
    on_record(page)
    refresh(url)
    page = people["platform"].open("/incidents")
    hands.press(page.get_by_role("link", name=title))
    hands.press(page.get_by_text("Something is known better"))
    hands.write(page.get_by_label("Users that are hit"), "20,000")
    hands.press(page.get_by_role("group").get_by_role("button", name="Put it on record"))
    on_record(page)
    hands.select(page.get_by_label("State"), label="Resolved")
    hands.press(page.get_by_role("button", name="Set the state"))
    refresh(url)
    page.reload()
    hands.write(page.get_by_label("What happened, and why"), "A disk was full.")
    hands.write(page.get_by_label("What is done about it"), "ben: alert on disks by 2026-12-30")
    hands.press(page.get_by_role("button", name="Submit it"))
    on_record(page)
    (record,) = (one["record"] for one in rows(url, "select record from incident") if one["record"]["title"] == title)
    assert (record["reports"], record["users"], record["state"]) == (1, 20_000, "RESOLVED")


def test_the_platform_looks_as_a_partner_and_comes_back(people: dict[str, Reader], hands: Pointer) -> None:
    page = people["platform"].open("/")
    hands.press(page.get_by_role("link", name="Look as a partner"))
    hands.press(page.get_by_role("button", name="Look as Acme"))
    expect(page.get_by_text("You look as acme")).to_be_visible()
    hands.press(page.get_by_role("link", name="Standing").first)
    expect(page.get_by_text("You look as acme")).to_be_visible()
    expect(page.get_by_role("link", name="Boards")).to_have_count(0)
    hands.press(page.get_by_role("link", name="Charts"))
    expect(page.get_by_role("button", name="Appeal")).to_have_count(0)
    hands.press(page.get_by_role("button", name="Back to everything"))
    hands.press(page.get_by_role("link", name="Standing").first)
    expect(page.get_by_role("link", name="Boards")).to_be_visible()


def test_a_delivery_that_was_given_up_is_sent_again(people: dict[str, Reader], hands: Pointer, url: str) -> None:
    chosen = "select id from delivery where state <> 'DUE' limit 1"  # of all journeys the same database
    (dead,) = rows(url, f"update delivery set state = 'DEAD' where id in ({chosen}) returning id")  # noqa: S608
    page = people["platform"].open("/deliveries?state=DEAD")
    hands.press(page.get_by_role("link", name=dead["id"]))
    hands.press(page.get_by_role("button", name="Send it again"))
    expect(page.get_by_role("status").first).to_contain_text("It is due now")
    expect(page.get_by_role("button", name="Try it now")).to_be_visible()


def test_a_downtime_is_announced_and_another_one_withdrawn(people: dict[str, Reader], hands: Pointer, url: str) -> None:
    page = people["acme"].open("/exclusions")
    hands.press(page.get_by_role("link", name="Announce a downtime"))
    hands.write(page.get_by_label("App its key"), month.CHARTS)
    hands.write(page.get_by_label("Start, UTC"), "2099-01-01T02:00")
    hands.write(page.get_by_label("End, UTC"), "2099-01-01T15:30")
    hands.write(page.get_by_label("Your name for it"), "change-7")
    hands.press(page.get_by_role("button", name="Show what it changes"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Check what it changes")
    hands.press(page.get_by_role("button", name="Put it on record"))
    on_record(page)
    (declared,) = rows(url, "delete from outbox where key = 'change-7' returning convert_from(value, 'utf8') as value")
    assert '"start":4070916000000' in declared["value"].replace(" ", "") or "2099-01-01T02:00:00Z" in declared["value"]
    page = people["platform"].open("/exclusions?phase=past")
    row = page.get_by_role("row").filter(has_text="upgrade")
    hands.press(row.get_by_role("link", name="End or withdraw"))
    hands.check(page.get_by_label("Withdraw it"))
    hands.press(page.get_by_role("button", name="Show what it changes"))
    expect(page.get_by_text("Withdrawing it changes")).to_be_visible()
    hands.check(page.get_by_label("Withdraw it"))
    hands.press(page.get_by_role("button", name="Put it on record"))
    expect(page.get_by_role("status").first).to_contain_text("It is withdrawn")
    assert rows(url, "delete from outbox where key = 'upgrade' returning key, value") == [
        {"key": "upgrade", "value": None}
    ]


def test_an_app_is_found_and_another_rule_tried_on_it(people: dict[str, Reader], hands: Pointer) -> None:
    page = people["acme"].open("/")
    hands.write(page.get_by_label("App any part"), "charts")
    hands.press(page.get_by_role("button", name="Show"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Charts")
    hands.press(page.get_by_role("link", name="7 days"))
    hands.press(page.get_by_text("As a table: 8 days").first)
    expect(page.get_by_role("columnheader", name="Late").first).to_be_visible()
    hands.press(page.get_by_role("link", name="Try another rule on this app").first)
    hands.write(page.get_by_label("Fires below, percent"), "99.9")
    hands.write(page.get_by_label("Over how many days"), "2")
    hands.press(page.get_by_role("button", name="Try this rule"))
    expect(page.get_by_role("heading", level=2).first).to_contain_text("Over 2 days, 1 series of 1 app")


@pytest.fixture(scope="module")
def incident(browser: Browser, base: str, url: str) -> str:
    """The address of an incident that the platform has raised."""
    one = Reader(browser, base, "platform")
    page = one.open("/incidents/new")
    page.get_by_label("What it is called").fill("Iframes stay blank")
    page.get_by_label("Apps that are hit").fill(month.CHARTS)
    page.get_by_role("button", name="Raise it").click()
    on_record(page)
    one.close()
    refresh(url)
    (found,) = rows(url, "select id from incident where record->>'title' = 'Iframes stay blank'")
    return f"/incidents/{found['id']}"


@pytest.mark.parametrize(("width", "schemes"), SCREENS)
@pytest.mark.parametrize("path", ["incident", "delivery", f"{STANDING} as acme"])
def test_nothing_hinders_anybody_on_them(
    browser: Browser, base: str, url: str, incident: str, path: str, width: int, schemes: tuple[str, str]
) -> None:
    one = Reader(browser, base, "platform", width)
    path, _, looks_as = path.partition(" as ")
    if looks_as:
        one.context.add_cookies([{"name": "slo-look-as", "value": looks_as, "url": base}])
    (delivery,) = rows(url, "select id from delivery limit 1")
    one.open({"incident": incident, "delivery": f"/deliveries/{delivery['id']}"}.get(path, path))
    assert one.violations() + one.hindrances(*schemes) == []
    one.close()
