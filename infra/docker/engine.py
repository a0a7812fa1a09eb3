"""A Docker engine for the tests: the one that runs here, or one started for them and ended after them.

python -m infra.docker.engine           # says whether an engine answers, and if not, how to get one
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import docker
import docker.errors

from infra.system_packages import NotInstalledError, install, install_command, may_install

START_TIMEOUT_S: Final = 30.0
STOP_TIMEOUT_S: Final = 30.0

# vfs copies whole layers, but works on every file system.
STORAGE_DRIVERS: Final = ("overlay2", "vfs")
PACKAGES: Final = ("docker.io", "iptables")
BY_HAND: Final = (
    f"apt-get update && {' '.join(install_command(PACKAGES))} && dockerd --storage-driver={STORAGE_DRIVERS[0]}"
)


class EngineUnavailableError(Exception):
    """No Docker engine runs and none could be started; the message says how to get one."""


@contextmanager
def docker_engine(report: Callable[[str], None]) -> Iterator[docker.DockerClient]:
    """A connected client. An engine started here ends with the context; packages stay installed.

    Only root with `CI=true` or `INSTALL=1` installs packages and starts an engine.

    Raises:
        EngineUnavailableError: there is none to be had.
    """
    with ExitStack() as stack:
        client = connect()
        if client is None:
            if not may_install():
                raise EngineUnavailableError(
                    f"No Docker engine answers. Set INSTALL=1 as root, or run as root: {BY_HAND}"
                )
            if shutil.which("dockerd") is None:
                try:
                    install(PACKAGES, report)
                except NotInstalledError as problem:
                    raise EngineUnavailableError(f"{problem}: install and start a Docker engine.") from None
            log = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dockerd-")), "dockerd.log")
            stack.callback(_stop, _start(log, report))
            client = docker.from_env()
        stack.callback(client.close)
        yield client


def connect() -> docker.DockerClient | None:
    """A client of the engine that runs here, None if none answers."""
    if not _socket_answers():
        return None
    try:
        return docker.from_env()
    except docker.errors.DockerException:
        return None


def _socket_answers() -> bool:
    # Asked first, because the Docker client leaves its socket open when nobody listens.
    scheme, _, path = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").partition("://")
    if scheme != "unix":
        return True
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(path) == 0


def _start(log: Path, report: Callable[[str], None]) -> subprocess.Popen[bytes]:
    for driver in STORAGE_DRIVERS:
        with log.open("wb") as output:
            # A session of its own: Ctrl-C must not end the engine before the containers are gone.
            process = subprocess.Popen(
                ["dockerd", f"--storage-driver={driver}"], stdout=output, stderr=output, start_new_session=True
            )
        if _answers(process):
            report(f"Started a Docker engine for the tests (dockerd, pid {process.pid}, storage driver {driver})")
            return process
        _stop(process)
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-10:]
    raise EngineUnavailableError("dockerd did not start:\n" + "\n".join(lines))


def _answers(process: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + START_TIMEOUT_S
    while process.poll() is None and time.monotonic() < deadline:
        client = connect()
        if client is not None:
            client.close()
            return True
        time.sleep(0.1)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


if __name__ == "__main__":
    found = connect()
    print("A Docker engine answers." if found is not None else f"No Docker engine answers. As root: {BY_HAND}")
