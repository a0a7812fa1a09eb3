"""The prober beside Chromium: what the browser takes is an answer, what it does not take is none."""

import asyncio
import shutil
import subprocess
import tempfile
from contextlib import suppress

import orjson
import pytest

from tests.prober.test_answer import BROKEN, PASSES

# Over plain HTTP a browser takes headers that end with the connection; over TLS, as apps are served, it does not.
ONLY_OVER_TLS = {"headers without an end"}
ANSWERS = {name: answer for name, answer in {**PASSES, **BROKEN}.items() if name not in ONLY_OVER_TLS}

PAGE = """<pre id=told></pre><script>(async () => {
  const told = {};
  for (const name of %s) {
    try {
      const answer = await fetch("/answer?" + encodeURIComponent(name), {cache: "no-store"});
      await answer.arrayBuffer();
      told[name] = answer.status;
    } catch { told[name] = null; }
  }
  document.getElementById("told").textContent = "<<" + JSON.stringify(told) + ">>";
})()</script>"""


async def ask_the_browser(program: str, folder: str) -> dict[str, int | None]:
    """The status that a page of the browser sees of each answer."""
    page = (PAGE % orjson.dumps(list(ANSWERS)).decode()).encode()
    whole = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(page) + page
    asked = iter(ANSWERS.values())  # the page asks in this order, one after the other

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            writer.write(next(asked) if head.startswith(b"GET /answer?") else whole)
            await writer.drain()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/page"
        options = ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}")
        process = await asyncio.create_subprocess_exec(
            *(program, *options, "--virtual-time-budget=60000", "--dump-dom", url),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        shown, _ = await process.communicate()
    told = shown.decode().partition("&lt;&lt;")[2].partition("&gt;&gt;")[0]
    statuses: dict[str, int | None] = orjson.loads(told)
    return statuses


def test_every_verdict_is_that_of_a_browser() -> None:
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("no Chromium on this machine")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        statuses = asyncio.run(ask_the_browser(program, folder))
    assert statuses == {name: 200 if name in PASSES else None for name in ANSWERS}
