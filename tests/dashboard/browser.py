"""Debian's Chromium, driven through a dashboard process: pages as people have them."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.ports import free_port

PHONE, DESKTOP = 320, 1280
PATIENCE_MS = 60_000
"""What is waited for comes at once on a machine that has nothing else to do, and this one may have a lot."""
# What a page may not do is told to the page alone: here it is kept.
WATCH = """
window.violations = [];
addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(event.violatedDirective + " " + event.blockedURI + " " + event.sample));
"""
# axe-core names what needs a person's look "incomplete"; the rest is what a machine can tell.
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
# The size of a screen, and the colour schemes that axe looks at on it: all rules in the first, colours in the other.
SCREENS = ((PHONE, ("dark", "light")), (DESKTOP, ("light", "dark")))

expect.set_options(timeout=PATIENCE_MS)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser; a test that needs one is skipped where there is none."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with launched(program) as browser:
        yield browser


@contextmanager
def launched(program: str) -> Iterator[Browser]:
    """A browser of this program."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def put_mail(file: Path, subject: str, html: str) -> None:
    """A mail of the mailbox, as text and as HTML."""
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = subject, "slo@a.example", "sre@b.example"
    mail.set_content("incidentStatus: ANOMALOUS\n")
    mail.add_alternative(html, subtype="html")
    file.write_bytes(bytes(mail))


@contextmanager
def served(url: str, mailbox: Path, *options: str) -> Iterator[str]:
    """A dashboard process over a database, with the options of `tests.dashboard.server`; its address."""
    port = free_port()
    command = [sys.executable, "-m", "tests.dashboard.server", str(port), url, str(mailbox), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


class Reader:
    """Somebody who reads pages, and all that went wrong on them."""

    def __init__(self, browser: Browser, base: str, viewer: str | None, width: int = DESKTOP, **more: Any) -> None:
        self.base = base
        # Without motion, as colours are looked at that would fade meanwhile.
        self.context = browser.new_context(viewport={"width": width, "height": 800}, reduced_motion="reduce", **more)
        self.context.set_default_timeout(PATIENCE_MS)
        if viewer is not None:
            self.context.add_cookies([{"name": "viewer", "value": viewer, "url": base}])
        self.context.add_init_script(WATCH)
        self.page: Page = self.context.new_page()
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda told: self.errors.append(told.text) if told.type == "error" else None)

    def open(self, path: str) -> Page:
        """The page, as soon as it is complete."""
        self.page.goto(self.base + path)
        return self.page

    def stay_as_opened(self) -> None:
        """Let no page follow what happens: what goes on in other databases of the server has it look anew, too."""
        self.page.route("**/changes", lambda _held: None)

    def wait_for_charts(self) -> None:
        """Scroll to each chart, and wait until it is drawn."""
        for figure in self.page.locator("figure.chart").all():
            figure.scroll_into_view_if_needed()
            figure.and_(self.page.locator("[data-drawn]")).wait_for()

    def violations(self) -> list[str]:
        """Errors, what the policy refused, and a page that is wider than the screen."""
        found: list[str] = self.page.evaluate("window.violations")
        width, has = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        wider = [f"{width} px wide on a screen of {has}"] if width > has else []
        return [*self.errors, *found, *wider]

    def hindrances(self, scheme: str, *others: str) -> list[str]:
        """What axe finds in one colour scheme, and of the colours in others, in a line each."""
        found = self._axe(scheme, RULES) + [line for other in others for line in self._axe(other, CONTRAST)]
        return [f"{one['id']}: {node['html'][:200]} {node['failureSummary']}" for one in found for node in one["nodes"]]

    def _axe(self, scheme: Any, options: dict[str, Any]) -> list[dict[str, Any]]:
        self.page.emulate_media(color_scheme=scheme)
        found: list[dict[str, Any]] = Axe().run(self.page, options=options).response["violations"]
        return found

    def close(self) -> None:
        """Leave."""
        self.context.close()
