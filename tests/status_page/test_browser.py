"""The status page as it lies in a folder, in a browser: it hinders nobody, dark and light, phone and desk."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from streams.status_page.facts import Facts, Maintenance, components_of, shown
from streams.status_page.step import files_of
from streams.status_page.writing import write_files
from tests.dashboard.browser import SCREENS, Reader, chromium
from tests.model.build import clock_ms
from tests.status_page.test_status_page import HOSTILE, OUTAGE, PRODUCTS, confirmed, found, note, on_page, state

LONG = "w" * 300


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Two pages of a web server that knows nothing of us: on a quiet day, and on one with everything on it."""
    folder: Path = tmp_path_factory.mktemp("status")
    components = components_of(PRODUCTS)
    quiet = Facts(clock_ms("13:00"), components, [], ())
    story = [
        found(),
        confirmed(),
        OUTAGE,
        note("We look into it."),
        state("IDENTIFIED", "12:20"),
        note(HOSTILE, "12:25"),
    ]
    entries = list(enumerate([*story, state("RESOLVED", "12:40")], start=1))
    over = shown("overAndOut00", entries, PRODUCTS, clock_ms("13:00"))
    now = on_page(*story, note(LONG, "12:30"))
    downtime = Maintenance("upgrade", clock_ms("12:30"), clock_ms("13:30"), clock_ms("09:00"), components)
    assert over is not None
    assert now is not None
    busy = Facts(clock_ms("13:00"), components, [now, over], (downtime,))
    write_files(folder / "quiet", files_of(quiet, "Acme status", "https://status.example.com"))
    write_files(folder / "busy", files_of(busy, "Acme status", "https://status.example.com"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("width", "schemes"), SCREENS)
@pytest.mark.parametrize("page", ["quiet", "busy"])
def test_nobody_is_hindered(browser: Browser, base: str, page: str, width: int, schemes: tuple[str, str]) -> None:
    reader = Reader(browser, base, "anybody", width)
    try:
        reader.open(f"/{page}/index.html")
        assert [*reader.violations(), *reader.hindrances(*schemes)] == []
    finally:
        reader.close()


def test_everything_is_there_without_a_script_and_links_lead_to_files(browser: Browser, base: str) -> None:
    reader = Reader(browser, base, "anybody", java_script_enabled=False)
    try:
        page = reader.open("/busy/index.html")
        text = page.inner_text("main")
        for words in ("We look into it.", "Planned downtime", "Past incidents", "Partial outage"):
            assert words in text
        for name in ("JSON", "Atom"):
            answer = page.request.get(page.get_by_role("link", name=name).evaluate("link => link.href"))
            assert answer.ok
    finally:
        reader.close()
