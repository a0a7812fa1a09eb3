"""Take the pictures of the documentation anew: python -m infra.screenshots [NAME...]

Starts the product with a month of sample data, as `make run` does, waits until all of it is judged and counted, and
opens its pages in Debian's Chromium.
"""

import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from infra.screenshots.pictures import PICTURES, Picture
from schemas.event_time import epoch_ms
from streams.run.sample_story import APP_KEYS, HIT_BY_PLATFORM_FAULT

FOLDER: Final = Path("infra/docs/pages/images")
MOST_BYTES: Final = 150_000
"""Of a picture: a page of the documentation shows several."""
_LINK: Final = re.compile(r"Open this first: (\S+)")
_PATIENCE_S: Final = 900
_FRESH_MS: Final = 180_000


@contextmanager
def product() -> Iterator[str]:
    """The product, running; the link that logs in once."""
    command = [sys.executable, "-m", "streams.cli", "run"]
    with (
        TemporaryDirectory(prefix="run-") as folder,
        subprocess.Popen([*command, "--data", folder], stdout=subprocess.PIPE, text=True) as process,
    ):
        try:
            yield _link(process)
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=_PATIENCE_S)


def _link(process: "subprocess.Popen[str]") -> str:
    said = ""
    for line in process.stdout or ():
        said += line
        if found := _LINK.search(line):
            return found[1]
    raise SystemExit(f"The product did not start:\n{said}")


def main(names: list[str]) -> None:
    """Take them all, or those of these names."""
    program = shutil.which("chromium")
    if program is None:
        raise SystemExit("Pictures need Chromium: apt-get install chromium")
    FOLDER.mkdir(exist_ok=True)
    with product() as link, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        take_all(browser, link, names)
        browser.close()


def take_all(browser: Browser, link: str, names: list[str]) -> None:
    """Those of these names, or all, of the product that this link logs in to."""
    base = link.partition("/login")[0]
    login = browser.new_context()
    login.new_page().goto(link)
    _wait(lambda: _is_caught_up(login, base), "history has not caught up")
    state: Any = login.storage_state()
    for picture in PICTURES:
        if not names or picture.name in names:
            _take(browser, base, state, picture)


def _is_caught_up(login: BrowserContext, base: str) -> bool:
    """Whether all is judged and counted up to now: of every app that is seen, and of the incident."""
    budgets, incidents, alerts = (
        login.request.get(f"{base}/api/v1/{what}").json()
        for what in ("budgets?limit=1000", "incidents", "alerts?open=true")
    )
    apps = {item["appKey"] for item in budgets["items"]}
    is_now = budgets["asOf"] is not None and time.time() * 1_000 - epoch_ms(budgets["asOf"]) < _FRESH_MS
    is_found = any(set(HIT_BY_PLATFORM_FAULT).issubset(item["apps"]) for item in incidents["items"])
    return is_now and apps.issuperset(APP_KEYS) and is_found and bool(alerts["items"])


def _wait(is_so: Callable[[], bool], problem: str) -> None:
    until_s = time.monotonic() + _PATIENCE_S
    while not is_so():
        if time.monotonic() > until_s:
            raise SystemExit(f"After {_PATIENCE_S} s {problem}.")
        time.sleep(1)


def _take(browser: Browser, base: str, state: Any, picture: Picture) -> None:
    context = browser.new_context(
        viewport={"width": picture.width, "height": picture.height},
        color_scheme=picture.scheme,
        reduced_motion="reduce",
        storage_state=state,
    )
    page = context.new_page()
    page.goto(base + picture.path)
    picture.prepare(page)
    path = FOLDER / f"{picture.name}.png"
    page.screenshot(path=path)
    context.close()
    _shrink(path)
    size = path.stat().st_size
    print(f"{path}: {size:,} bytes")
    if size > MOST_BYTES:
        raise SystemExit(f"{path} is larger than {MOST_BYTES:,} bytes. Is pngquant installed?")


def _shrink(path: Path) -> None:
    """With a palette, where the tool for that is at hand: a third of the size, and the eye sees no difference."""
    program = shutil.which("pngquant")
    if program is not None:
        subprocess.run([program, "--force", "--strip", "--output", str(path), "256", str(path)], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
