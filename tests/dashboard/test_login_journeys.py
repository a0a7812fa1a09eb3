"""Logging in and out, logins and tokens, and the mailbox, as people use them: with a script, without, by keyboard."""

import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from streams.dashboard.login.sessions import add_link
from streams.dashboard.login.tokens import add_token
from streams.database.connection import conninfo
from streams.database.roles import Role
from tests.dashboard.browser import SCREENS, Reader, put_mail, served
from tests.dashboard.hands import Pointer
from tests.dashboard.month import BOARDS, CHARTS

pytestmark = pytest.mark.timeout(400)  # the first of them waits for a month to be written

NUMBERS = count()
REFUSED = re.compile("the server responded with a status of 40[134]")


@pytest.fixture(scope="module")
def base(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard with real logins, and a mailbox of one mail."""
    folder: Path = tmp_path_factory.mktemp("mails")
    html = '<html lang="en"><title>Mail</title><main><h1>Charts</h1></main></html>'
    put_mail(folder / "1.eml", "[BREACH] Charts", html)
    with served(url, folder, "--logins") as address:
        yield address


@pytest.fixture
def people(way: dict[str, Any], browser: Browser, base: str) -> Iterator[list[Reader]]:
    """Two browsers of somebody who is not logged in."""
    found = [Reader(browser, base, None, **way) for _ in range(2)]
    yield found
    for one in found:
        one.close()
        assert [line for line in one.errors if not REFUSED.search(line)] == []


def link(url: str) -> str:
    with psycopg.connect(conninfo(url, Role.DESK, "test")) as connection:
        return f"/login/once?token={add_link(connection)}"


def token(url: str, *partners: str, may_act: bool = False) -> tuple[str, dict[str, str]]:
    """The name of a new token of these partners, and the header of who has it."""
    name = f"robot-{next(NUMBERS)}"
    with psycopg.connect(conninfo(url, Role.DESK, "test")) as connection:
        return name, {"Authorization": f"Bearer {add_token(connection, name, partners, None, may_act=may_act)}"}


def is_at_login(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in")
    expect(page.get_by_text("slo-streams dashboard link")).to_be_visible()


def test_a_link_logs_in_once_and_a_login_is_ended(people: list[Reader], hands: Pointer, url: str) -> None:
    here, there = people
    is_at_login(here.open(f"/apps/{CHARTS}"))
    used = link(url)
    page = here.open(used)
    expect(page.get_by_role("heading", level=1)).to_have_text("Error budgets")
    expect(there.open(used).get_by_text("The link was used, or is too old")).to_be_visible()
    there.open(link(url))
    hands.press(page.get_by_role("link", name="local (platform)"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Logins")
    mine = page.get_by_role("region", name="Where you are logged in").get_by_role("row")
    expect(mine.filter(has_text="This one")).to_have_count(1)
    hands.press(mine.filter(has_not_text="This one").get_by_role("button", name="End the login of local").first)
    expect(page.get_by_role("status").first).to_have_text("That login has ended.")
    is_at_login(there.open("/"))
    hands.press(page.get_by_role("button", name="Sign out"))
    is_at_login(page)
    is_at_login(here.open("/logins"))


def test_all_other_logins_are_ended_and_a_token_is_revoked(people: list[Reader], hands: Pointer, url: str) -> None:
    here, there = people
    name, header = token(url, "acme")
    there.open(link(url))
    page = here.open(link(url))
    page = here.open("/logins")
    hands.press(page.get_by_role("button", name="End all but this one"))
    expect(page.get_by_role("status").first).to_have_text("All your other logins have ended.")
    is_at_login(there.open("/"))
    there.context.set_extra_http_headers(header)
    expect(there.open("/").get_by_role("link", name=f"{name} (acme)")).to_be_visible()
    hands.press(page.get_by_role("button", name=f"Revoke {name}"))
    expect(page.get_by_role("status").first).to_have_text("The token does not hold any longer.")
    expect(page.get_by_role("button", name=f"Revoke {name}")).to_have_count(0)
    is_at_login(there.open("/"))


def test_whoever_has_a_token_sees_what_it_is_for_and_revokes_it(people: list[Reader], hands: Pointer, url: str) -> None:
    one = people[0]
    name, header = token(url, "foo", may_act=True)
    one.context.set_extra_http_headers(header)
    page = one.open("/")
    expect(page.get_by_role("link", name="Boards").first).to_be_visible()
    expect(page.get_by_role("link", name="Charts")).to_have_count(0)
    expect(one.open(f"/apps/{CHARTS}").get_by_role("heading", level=1)).to_have_text("There is nothing here")
    page = one.open(f"/apps/{BOARDS}")
    hands.press(page.get_by_role("link", name=f"{name} (foo)"))
    expect(page.get_by_text("Nowhere by this dashboard itself")).to_be_visible()
    hands.press(page.get_by_role("button", name=f"Revoke {name}"))
    is_at_login(page)


def test_the_mails_of_a_run_are_read(people: list[Reader], hands: Pointer, url: str) -> None:
    page = people[0].open(link(url))
    hands.press(page.get_by_role("link", name="Mailbox"))
    hands.press(page.get_by_role("link", name="[BREACH] Charts"))
    expect(page.frame_locator("iframe").get_by_role("heading")).to_have_text("Charts")
    expect(page.get_by_text("incidentStatus: ANOMALOUS")).to_be_visible()
    hands.press(page.get_by_text("headers"))
    expect(page.get_by_text("To: sre@b.example")).to_be_visible()
    hands.press(page.get_by_role("navigation", name="Where you are").get_by_role("link", name="Mailbox"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Mailbox")


@pytest.mark.parametrize(("width", "schemes"), SCREENS)
@pytest.mark.parametrize("path", ["/login", "/login/once?token=used", "/logins"])
def test_nothing_hinders_anybody_on_them(
    browser: Browser, base: str, url: str, path: str, width: int, schemes: tuple[str, str]
) -> None:
    one = Reader(browser, base, None, width)
    if path == "/logins":
        token(url, "acme", "foo")
        one.open(link(url))
    one.open(path)
    assert [line for line in one.violations() if not REFUSED.search(line)] + one.hindrances(*schemes) == []
    one.close()
