"""Each golden mail in a browser: it calls nobody, fits a phone, and hinders nobody, in the dark and in the light."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Route

from tests.dashboard.browser import PHONE, Reader, chromium
from tests.notifier.test_letter import GOLDEN, MAILS, body, read

WHERE = "http://mail.test"
# A mail is shown as a part of its reader's page: to have landmarks is that one's affair.
OF_WHOLE_PAGES = ("landmark-one-main: ", "region: ")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.mark.parametrize("name", MAILS)
def test_nobody_is_called_and_nobody_is_hindered(browser: Browser, name: str) -> None:
    html = body(read((GOLDEN / f"{name}.eml").read_bytes()), "html")
    reader = Reader(browser, WHERE, "anybody", PHONE)
    called: list[str] = []

    def answer(route: Route) -> None:
        called.append(route.request.url)
        route.fulfill(body=html, content_type="text/html; charset=us-ascii")

    try:
        reader.context.route("**", answer)
        reader.open("/")
        assert reader.violations() == []
        hindrances = reader.hindrances("dark", "light")
        assert [line for line in hindrances if not line.startswith(OF_WHOLE_PAGES)] == []
        assert called == [f"{WHERE}/"]
    finally:
        reader.close()
