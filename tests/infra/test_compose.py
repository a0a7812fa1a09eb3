"""Everything on one host, as the documentation starts it, from images that are built here."""

import json
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import pytest

from infra.dashboards.boards import boards
from infra.docker.engine import EngineUnavailableError, docker_engine
from infra.image.base import ensure_base
from infra.kafka_image.build import ensure_image
from infra.system_packages import NotInstalledError, install, may_install
from tests.infra.metrics import filled, known_metrics, metrics_of
from tests.ports import free_port

pytestmark = [pytest.mark.long, pytest.mark.timeout(1_800)]

FILES: Final = (Path("infra/compose/compose.yaml"), Path("tests/infra/compose/local.yaml"))
SERVICES: Final = {"worker-1", "worker-2", "prober", "gateway", "history", "notifier", "dashboard"}
PUBLISHED: Final = ("GATEWAY", "DASHBOARD", "PROMETHEUS", "ALERTMANAGER")
UP_WITHIN_S: Final = 300.0
AFTER_A_WHILE: Final = {
    f"slo_streams_{name}"
    for name in (
        "alert_delay_seconds",
        "commit_seconds",
        "deliveries_dead",
        "deliveries_due",
        "deliveries_oldest_due_seconds",
        "deliveries_paused",
        "delivery_attempts_total",
        "gateway_events_total",
        "gateway_requests_total",
        "watermark_seconds",
    )
}
"""Not there before the first event, call or channel."""
_CALLS: Final = """
import json, sys, urllib.error, urllib.request
for path in json.load(sys.stdin):
    try:
        answer = urllib.request.urlopen("http://127.0.0.1:9090/api/v1/" + path)
    except urllib.error.HTTPError as refused:
        answer = refused
    print(answer.read().decode().strip())
"""


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
                **{f"{name}_PORT": str(free_port()) for name in PUBLISHED},
                "COMPOSE_HTTP_TIMEOUT": "300",  # of the engine's answers; it is slow where the machine is
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
    up = subprocess.run([*compose, "up", "--detach"], capture_output=True, text=True)
    assert up.returncode == 0, up.stderr
    deadline_s = time.monotonic() + UP_WITHIN_S
    while (waiting := SERVICES - _healthy(compose)) and time.monotonic() < deadline_s:
        time.sleep(2)
    assert not waiting, subprocess.run([*compose, "logs", "--tail=20", *waiting], capture_output=True, text=True).stdout
    while (down := _not_scraped(compose)) and time.monotonic() < deadline_s:
        time.sleep(2)
    assert down == set()


def test_every_query_of_every_board_is_answered(compose: list[str]) -> None:
    """By a real Prometheus, of what real services tell it: no query fails, and each asks for what is there."""
    asked = {target["expr"] for one in boards().values() for panel in one["panels"] for target in panel["targets"]}
    asked_for = set[str]().union(*map(metrics_of, asked))
    answers = _ask(compose, {filled(one) for one in asked})
    assert {query: error for query, error in answers.items() if error is not None} == {}
    named = {name for name in _names(compose) if name.startswith("slo_streams_")}
    told = metrics_of(" ".join(named))
    assert asked_for - told <= AFTER_A_WHILE
    assert told <= known_metrics()
    versions = _values(compose, "count by (job) (slo_streams_build_info)")
    assert set(versions) == {f"slo-streams-{name.split('-')[0]}" for name in SERVICES}


def _ask(compose: list[str], queries: Iterable[str]) -> dict[str, str | None]:
    """What Prometheus finds wrong with each; None: nothing."""
    answers = _prometheus(compose, [f"query?{urlencode({'query': query})}" for query in queries])
    return {query: answer.get("error") for query, answer in zip(queries, answers, strict=True)}


def _names(compose: list[str]) -> list[str]:
    (answer,) = _prometheus(compose, ["label/__name__/values"])
    return [*answer["data"]]


def _values(compose: list[str], query: str) -> dict[str, float]:
    (answer,) = _prometheus(compose, [f"query?{urlencode({'query': query})}"])
    return {one["metric"]["job"]: float(one["value"][1]) for one in answer["data"]["result"]}


def _prometheus(compose: list[str], paths: Sequence[str]) -> list[dict[str, Any]]:
    """What it answers to each of these calls."""
    done = subprocess.run(
        [*compose, "exec", "-T", "prometheus", "python3", "-c", _CALLS],
        input=json.dumps(paths),
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


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
    try:
        (answer,) = _prometheus(compose, ["targets"])
    except subprocess.CalledProcessError:
        return {"prometheus"}
    return {target["scrapeUrl"] for target in answer["data"]["activeTargets"] if target["health"] != "up"}
