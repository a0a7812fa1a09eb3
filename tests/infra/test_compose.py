"""Everything on one host, as the documentation starts it, from images that are built here."""

import json
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from infra.docker.engine import EngineUnavailableError, docker_engine
from infra.image.base import ensure_base
from infra.kafka_image.build import ensure_image
from infra.system_packages import NotInstalledError, install, may_install

pytestmark = [pytest.mark.long, pytest.mark.timeout(1_800)]

FILES: Final = (Path("infra/compose/compose.yaml"), Path("tests/infra/compose/local.yaml"))
SERVICES: Final = {"worker-1", "worker-2", "prober", "gateway", "history", "notifier", "dashboard"}
UP_WITHIN_S: Final = 300.0


@pytest.fixture(scope="module")
def compose(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """The command of Compose for a project of its own, whose containers and volumes go with the test."""
    if shutil.which("docker-compose") is None:
        if not may_install():
            pytest.skip("docker-compose is not here: apt-get install docker-compose")
        install(["docker-compose"], print)
    folder = tmp_path_factory.mktemp("secrets")
    password = secrets.token_hex(12)
    (folder / "database_password").write_text(password)
    (folder / "database_url").write_text(f"postgresql://slo:{password}@postgres:5432/slo")
    (folder / "proxy_secret").write_text(secrets.token_hex(12))
    for file in folder.iterdir():
        file.chmod(0o444)  # Compose mounts them as they are, and services are nobody
    try:
        with docker_engine(print) as engine:
            image = subprocess.run(["make", "--silent", "image"], capture_output=True, text=True, check=True)
            tools = ensure_base(engine, print, ("postgresql-15", "prometheus", "prometheus-alertmanager"))
            os.environ |= {
                "SLO_IMAGE": image.stdout.splitlines()[-1],
                "KAFKA_IMAGE": ensure_image(engine, print),
                **dict.fromkeys(("POSTGRES_IMAGE", "PROMETHEUS_IMAGE", "ALERTMANAGER_IMAGE"), tools),
                "KAFKA_DATA": "/tmp/kafka",  # noqa: S108  the image keeps its data elsewhere
                "SLO_SECRETS": str(folder),
            }
            files = [option for file in FILES for option in ("--file", str(file))]
            command = ["docker-compose", "--project-name", f"slo-test-{secrets.token_hex(3)}", *files]
            try:
                yield command
            finally:
                subprocess.run([*command, "down", "--volumes", "--timeout", "10"], check=False, capture_output=True)
    except (EngineUnavailableError, NotInstalledError) as problem:
        pytest.skip(str(problem))


def test_everything_comes_up_and_prometheus_sees_it(compose: list[str]) -> None:
    subprocess.run([*compose, "up", "--detach"], check=True, capture_output=True, text=True)
    deadline_s = time.monotonic() + UP_WITHIN_S
    while (waiting := SERVICES - _healthy(compose)) and time.monotonic() < deadline_s:
        time.sleep(2)
    assert not waiting, subprocess.run([*compose, "logs", "--tail=20", *waiting], capture_output=True, text=True).stdout
    while (down := _not_scraped(compose)) and time.monotonic() < deadline_s:
        time.sleep(2)
    assert down == set()


def _healthy(compose: list[str]) -> set[str]:
    found = set()
    for service in SERVICES:
        container = subprocess.run([*compose, "ps", "-q", service], capture_output=True, text=True).stdout.strip()
        state = subprocess.run(
            ["docker", "inspect", "--format", "{{.State.Health.Status}}", container], capture_output=True, text=True
        )
        if state.stdout.strip() == "healthy":
            found.add(service)
    return found


def _not_scraped(compose: list[str]) -> set[str]:
    """Targets that Prometheus cannot read."""
    code = "import urllib.request as http; print(http.urlopen('http://127.0.0.1:9090/api/v1/targets').read().decode())"
    done = subprocess.run([*compose, "exec", "-T", "prometheus", "python3", "-c", code], capture_output=True, text=True)
    if done.returncode != 0:
        return {"prometheus"}
    targets = json.loads(done.stdout)["data"]["activeTargets"]
    return {target["scrapeUrl"] for target in targets if target["health"] != "up"}
