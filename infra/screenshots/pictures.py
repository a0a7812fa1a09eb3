"""Which pictures there are, and what is done on a page before it is taken."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from playwright.sync_api import Page

from streams.run.past import SHOWN_APP
from streams.run.sample_story import HIT_BY_PLATFORM_FAULT

PHONE: Final = 320


@dataclass(frozen=True, slots=True)
class Picture:
    """A page at one size in one colour scheme; `prepare` is done before it is taken."""

    name: str
    path: str
    width: int = 1_280
    height: int = 860
    scheme: Literal["light", "dark"] = "light"
    prepare: Callable[[Page], None] = lambda _page: None


def _chart(title: str) -> Callable[[Page], None]:
    """The section of an SLI, drawn, at the top of the picture."""

    def prepare(page: Page) -> None:
        section = page.locator("section.card").filter(has=page.get_by_role("heading", name=title)).last
        section.locator("figure.chart").scroll_into_view_if_needed()
        section.locator("figure.chart[data-drawn]").wait_for()
        section.evaluate("(one) => one.scrollIntoView({block: 'start'})")

    return prepare


def _first(kind: str) -> Callable[[Page], None]:
    """The page of the first of a list."""

    def prepare(page: Page) -> None:
        page.locator(f"main table a[href^='/{kind}/']").first.click()
        page.wait_for_url(f"**/{kind}/*")
        for figure in page.locator("figure.chart").all():
            figure.scroll_into_view_if_needed()
            figure.and_(page.locator("[data-drawn]")).wait_for()
        page.evaluate("scrollTo(0, 0)")

    return prepare


def _breach_mail(page: Page) -> None:
    """A breach as whoever is told of it has it."""
    page.get_by_role("link", name="[BREACH]").first.click()
    page.goto(page.locator("iframe.mail").evaluate("(frame) => frame.src"))


def _tried(page: Page) -> None:
    page.get_by_role("button", name="Try it on all apps").click()
    page.get_by_role("heading", name="What came of it").wait_for(timeout=600_000)


PICTURES: Final = (
    Picture("fleet", "/"),
    Picture("fleet-phone", "/", width=PHONE, height=900),
    Picture("app", f"/apps/{SHOWN_APP}", height=1_100, prepare=_chart("App Availability")),
    Picture("app-dark", f"/apps/{SHOWN_APP}?range=3h", height=1_100, scheme="dark", prepare=_chart("Webhook")),
    Picture("alert", "/alerts?app=" + HIT_BY_PLATFORM_FAULT[0], height=1_000, prepare=_first("alerts")),
    Picture("incident", "/incidents", height=1_000, prepare=_first("incidents")),
    Picture("standing", f"/standing/{SHOWN_APP}"),
    Picture("mail", "/mailbox", width=720, height=620, prepare=_breach_mail),
    Picture("mail-dark", "/mailbox", width=PHONE, height=620, scheme="dark", prepare=_breach_mail),
    Picture("rules", "/rules/try", height=1_000, prepare=_tried),
)
