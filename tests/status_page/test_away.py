"""The status page stands while the database is away, and goes on once it is back."""

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import jsonschema_rs
import orjson
import pytest

from streams.database.embedded import EmbeddedPostgres
from streams.desk.desk import Desk
from streams.status_page.step import StatusPageStep
from tests.cli.test_incidents_command import Terminal
from tests.history.test_service import server as server
from tests.incidents.build import Desk as Look
from tests.incidents.build import patient
from tests.status_page import atom
from tests.status_page.statuspage import FILES
from tests.waiting import wait_for

AWAY_FOR_S = 2.0


def files(folder: Path) -> dict[str, bytes]:
    """All that is in it, as a web server would show it: names with a dot before them are nobody's."""
    found = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def updates(folder: Path) -> list[str]:
    """What was posted, the latest first; every file is whole, whatever goes on."""
    now = files(folder)
    for path, schema in FILES.items():
        jsonschema_rs.validator_for(schema).validate(orjson.loads(now[path]))
    assert atom.faults(now["history.atom"]) == []
    assert now["index.html"].rstrip().endswith(b"</html>")
    (one,) = orjson.loads(now["api/v2/incidents.json"])["incidents"]
    return [update["body"] for update in one["incident_updates"]]


@asynccontextmanager
async def working(url: str, folder: Path) -> AsyncIterator["asyncio.Task[None]"]:
    """A desk that keeps the page, for as long as it may."""
    desk = Desk(url, [StatusPageStep(folder, "Status", None)], patience_s=120, attempt_s=5)
    task = asyncio.create_task(desk.work())
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await desk.close()


async def posted(terminal: Terminal, incident: str, text: str) -> None:
    """A status update, as the desk of incidents has looked at it."""
    await asyncio.to_thread(terminal.says, "note", incident, "--public", text)
    async with patient(terminal.url) as database:
        look = Look(database)
        now_ms = int(time.time() * 1_000)
        await database.run(lambda connection: look.projection.refresh(connection, now_ms, None))


@pytest.mark.timeout(300)
def test_it_stands_while_the_database_is_away_and_goes_on_when_that_is_back(
    server: EmbeddedPostgres, tmp_path: Path
) -> None:
    terminal = Terminal(server.url)
    incident = terminal.raised("Iframes stay blank", "--fault", "PLATFORM", "--visibility", "ALL_PARTNERS")

    async def scenario() -> None:
        await posted(terminal, incident, "We look into it.")
        async with working(server.url, tmp_path) as desk:

            async def shows(*said: str) -> None:
                async def is_so() -> bool:
                    assert not desk.done(), desk
                    return (tmp_path / "index.html").exists() and updates(tmp_path) == list(said)

                await wait_for(is_so, 120, f"the page to show {said}")

            await shows("We look into it.")
            before = files(tmp_path)
            await posted(terminal, incident, "Rolling back.")
            server.kill()
            until_s = time.monotonic() + AWAY_FOR_S
            while time.monotonic() < until_s:  # it may have got the news just before
                assert updates(tmp_path) in (["We look into it."], ["Rolling back.", "We look into it."])
                assert files(tmp_path).keys() == before.keys()
                await asyncio.sleep(0.05)
            server.start()
            await shows("Rolling back.", "We look into it.")
            await posted(terminal, incident, "It works again.")
            await shows("It works again.", "Rolling back.", "We look into it.")

    asyncio.run(scenario())


WRITER = """
import sys
from pathlib import Path
from streams.status_page.writing import write_files

folder, size, number = Path(sys.argv[1]), int(sys.argv[2]), 0
while True:
    number += 1
    letter = str(number % 10).encode()
    write_files(folder, {f"{name}.json": letter * size for name in range(3)})
    print(number, flush=True)
"""
SIZE = 2_000_000


def test_whoever_dies_while_it_writes_leaves_every_file_whole(tmp_path: Path) -> None:
    for rounds in range(1, 5):
        command = [sys.executable, "-c", WRITER, str(tmp_path), str(SIZE)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            for _ in range(rounds):
                assert writer.stdout.readline()
            writer.kill()
        contents = files(tmp_path)
        assert contents.keys() == {"0.json", "1.json", "2.json"}
        for content in contents.values():
            assert content == content[:1] * SIZE
