"""Case: pages of a dashboard over as many series as a fleet has, as a browser on a slow machine has them.

The numbers of an app's page are those of one whose month is whole; beside it are budgets of many apps.
"""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import urlsplit

import psycopg
from playwright.sync_api import Browser, CDPSession

from streams.dashboard.pages.fleet import COUNTED_S
from streams.database.embedded import EmbeddedPostgres
from streams.database.migrate import migrate
from streams.database.schema import shipped_migrations
from tests.bench.case import Reading, Stage
from tests.dashboard import month
from tests.dashboard.browser import Reader, launched, served

SERIES: Final = 300_000
SERIES_OF_AN_APP: Final = 3
PART: Final = f"pages @ {SERIES:,} series"
FLEET_MS: Final = "fleet page, server, ms"
FLEET_ANEW_MS: Final = "fleet page, server, all series counted anew for it, ms"
APP_MS: Final = "app page, server, ms"
FLEET_PAINT_MS: Final = "fleet page, first paint on a CPU 4 times as slow, ms"
APP_PAINT_MS: Final = "app page, first paint on a CPU 4 times as slow, ms"
FLEET_KB: Final = "fleet page, kB over the wire"
APP_KB: Final = "app page with its charts, kB over the wire"
FRAMES: Final = "a chart of three, 8,064 points each, moved: frames a second"
FRAME_CPU_MS: Final = "a chart of three, 8,064 points each, moved: ms of CPU a frame"
COUNT: Final = 60
SLOWER: Final = 4
"""How many times as slow the processor is made, as developers' tools do for a phone."""
APP: Final = f"/apps/{month.CHARTS}"
_PAINT: Final = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
_WEIGHT: Final = """performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))
  .reduce((sum, one) => sum + one.transferSize, 0)"""
# Three charts of all panels over a month of five minutes each; one is moved and enlarged anew for each frame.
_FRAMES: Final = """async () => {
  const {PANELS, plotOf} = await import("/static/panels.js");
  const points = 8064, stepMs = 300_000, end = points * stepMs;
  const times = Array.from({length: points}, (_, at) => at * stepMs);
  const chart = {key: "frames", marks: [{kind: "breach", from: end / 3, to: end / 2}], target: 0.99, data: {stepMs}};
  const wave = (at, most) => Math.round(most * (1 + Math.sin(at / 40)));
  const box = document.querySelector("main").appendChild(document.createElement("div"));
  const charts = [0, 1, 2].map(() => PANELS.map((panel) => {
    const height = panel.unit === "%%" ? 50 : 400;
    const columns = panel.lines.map((_, line) => times.map((_, at) => wave(at + 9 * line, height)));
    return new uPlot(plotOf(panel, chart, 1_200, false, {}), [times, ...columns], box);
  }));
  charts[1][0].root.scrollIntoView();
  const frame = () => new Promise(requestAnimationFrame);
  await frame();
  const count = %d, began = performance.now();
  for (let at = 0; at < count; at++) {
    const width = end * (0.3 + 0.7 * Math.abs(Math.cos(at / 10))), from = (end - width) * (at / count);
    for (const plot of charts[1]) plot.setScale("x", {min: from, max: from + width});
    await frame();
  }
  return count / ((performance.now() - began) / 1_000);
}"""


class Pages:
    """Server time, weight, first paint and frames a second."""

    async def prepare(self, stage: Stage) -> None:
        """Nothing: the month ends when it is measured."""

    async def measure(self, stage: Stage, _round_number: int) -> AsyncIterator[Reading]:
        """All of it; without a browser what needs none."""
        found = await asyncio.to_thread(lambda: list(self._figures(stage)))
        yield {(PART, what): value for what, value in found}

    def _figures(self, stage: Stage) -> Iterator[tuple[str, float]]:
        with TemporaryDirectory(prefix="pg-") as folder, EmbeddedPostgres(Path(folder)) as server:
            migrate(server.url, shipped_migrations())
            month.fill(server.url)
            month.fill_fleet(server.url, SERIES // SERIES_OF_AN_APP)
            with psycopg.connect(server.url, autocommit=True) as connection:
                connection.execute("analyze slo.app, slo.budget")
            yield from self._of_pages(stage, server.url)

    def _of_pages(self, stage: Stage, url: str) -> Iterator[tuple[str, float]]:
        with served(url, stage.folder) as base:
            yield FLEET_MS, _server_ms(base, "/")
            yield FLEET_ANEW_MS, _server_ms(base, "/", times=5, apart_s=COUNTED_S)
            yield APP_MS, _server_ms(base, APP)
            program = shutil.which("chromium")
            if program is None:
                stage.report("no figures of a browser: apt-get install chromium")
                return
            with launched(program) as browser:
                yield from _seen(browser, base)


def _server_ms(base: str, path: str, times: int = 25, apart_s: float = 0.0) -> float:
    """The least of so many: what others take of the machine is not the server's."""
    connection = HTTPConnection(urlsplit(base).netloc)
    took_ms = []
    for _ in range(times):
        time.sleep(apart_s)
        before_s = time.perf_counter()
        connection.request("GET", path, headers={"Cookie": "viewer=platform", "Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        answer.read()
        took_ms.append((time.perf_counter() - before_s) * 1_000)
    connection.close()
    return min(took_ms)


def _seen(browser: Browser, base: str) -> Iterator[tuple[str, float]]:
    for path, paint, weight in (("/", FLEET_PAINT_MS, FLEET_KB), (APP, APP_PAINT_MS, APP_KB)):
        reader = Reader(browser, base, "platform")
        tools = reader.context.new_cdp_session(reader.page)
        tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        reader.open(path)
        yield paint, reader.page.evaluate(_PAINT)
        tools.send("Emulation.setCPUThrottlingRate", {"rate": 1})
        reader.wait_for_charts()
        yield weight, reader.page.evaluate(_WEIGHT) / 1_000
        reader.close()
    reader = Reader(browser, base, "platform")
    page = reader.open(APP)
    tools = reader.context.new_cdp_session(page)
    tools.send("Performance.enable", {"timeDomain": "threadTicks"})
    before_s = _main_thread_s(tools)
    yield FRAMES, page.evaluate(_FRAMES % COUNT)
    yield FRAME_CPU_MS, (_main_thread_s(tools) - before_s) / COUNT * 1_000
    reader.close()


def _main_thread_s(tools: CDPSession) -> float:
    """CPU of the page's main thread so far."""
    metrics = tools.send("Performance.getMetrics")["metrics"]
    return float(next(one["value"] for one in metrics if one["name"] == "TaskDuration"))
