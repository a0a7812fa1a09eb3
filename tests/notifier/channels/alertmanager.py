"""A real Alertmanager: that of the path, or Debian's package, unpacked for the tests and installed nowhere."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
from aiohttp import ClientError, ClientSession

from tests.ports import free_port

_NAMES: Final = ("prometheus-alertmanager", "alertmanager")
_CACHE: Final = Path(__file__).parents[3] / ".data" / "alertmanager"
_CONFIG: Final = "route: {receiver: nobody, group_wait: 30s}\nreceivers: [{name: nobody}]\n"


@pytest.fixture(scope="session")
def alertmanager_program() -> Iterator[str]:
    """Path of the program; tests are left out where there is none, and no package of it."""
    for name in _NAMES:
        if found := shutil.which(name):
            yield found
            return
    unpacked = _CACHE / "usr" / "bin" / _NAMES[0]
    if not unpacked.exists():
        _unpack()
    yield str(unpacked)


def _unpack() -> None:
    with TemporaryDirectory() as folder:
        for command in (("apt-get", "download", _NAMES[0]), ("dpkg", "-x")):
            packages = [str(path) for path in Path(folder).glob("*.deb")] if command[0] == "dpkg" else []
            more = [*packages, str(_CACHE)] if command[0] == "dpkg" else []
            try:
                subprocess.run((*command, *more), cwd=folder, check=True, capture_output=True, timeout=60)
            except (OSError, subprocess.SubprocessError):
                pytest.skip("no Alertmanager here: apt-get install prometheus-alertmanager")


class Alertmanager:
    """One at a port that it keeps when it is started again."""

    def __init__(self, program: str, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._program = program
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it, and wait until it is ready."""
        config = self._folder / "alertmanager.yml"
        config.write_text(_CONFIG)
        self._process = await asyncio.create_subprocess_exec(
            self._program,
            f"--config.file={config}",
            f"--storage.path={self._folder}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--cluster.listen-address=",
            stdout=subprocess.DEVNULL,
            stderr=sys.stderr if os.environ.get("SLO_TEST_LOUD") else subprocess.DEVNULL,
        )
        async with ClientSession() as session, asyncio.timeout(30):
            while True:
                try:
                    async with session.get(f"{self.url}/-/ready") as answer:
                        if answer.status == 200:
                            return
                except ClientError:
                    pass
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """kill -9."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()

    async def alerts(self) -> list[dict[str, Any]]:
        """What it shows by its API."""
        async with ClientSession() as session, session.get(f"{self.url}/api/v2/alerts") as answer:
            found: list[dict[str, Any]] = await answer.json()
            return found


@asynccontextmanager
async def alertmanager(program: str) -> AsyncIterator[Alertmanager]:
    """One that runs."""
    with TemporaryDirectory(prefix="alertmanager-") as folder:
        made = Alertmanager(program, Path(folder))
        try:
            await made.start()
            yield made
        finally:
            await made.kill()
