"""`slo-streams apps` against a real Kafka."""

import asyncio
from pathlib import Path

import orjson
import pytest

from schemas.apps import App
from streams.exits import ExitCode
from streams.kafka.placement import partition_of
from streams.kafka.topic_setup import prepare_topics
from streams.registry.write import write
from streams.settings import Settings
from tests.cli.test_kafka_commands import run, settings
from tests.e2e.flow import Flow
from tests.registry import test_apps

__all__ = ["settings"]

CHARTS = test_apps.CHARTS | {"partnerId": "example", "enrolledAt": 1_772_323_200_000}
FORMS = CHARTS | {
    "partnerId": None,
    "enrolledAt": None,
    "appKey": "com.example.forms",
    "name": "Fo\x1brms",
    "healthcheckUrls": [],
}


def file_of(folder: Path, *apps: object) -> str:
    path = folder / "apps.json"
    path.write_bytes(orjson.dumps(apps))
    return str(path)


def log(settings: Settings, folder: Path) -> list[tuple[bytes, object]]:
    """Every record of the catalogue's topic, each found in the partition of its key."""

    async def read() -> list[tuple[bytes, object]]:
        flow = Flow(settings.bootstrap_servers, settings.topic_prefix, folder, partitions=settings.partitions)
        records = await flow.read(settings.topics.apps)
        for record in records:
            assert record.partition == partition_of(record.key, settings.partitions, settings.partitioner)
        return [(record.key, record.value and orjson.loads(record.value)) for record in records]

    return asyncio.run(read())


def test_a_catalogue_is_brought_in_changed_and_pruned(settings: Settings, tmp_path: Path) -> None:
    asyncio.run(prepare_topics(settings))
    code, said = run(settings, "apps", "list")
    assert (code, "No apps" in said) == (0, True)

    both = file_of(tmp_path, CHARTS | {"unknown": 1}, FORMS)
    assert run(settings, "apps", "import", both) == (0, "2 apps: 2 added, 0 changed, 0 as before.\n")
    assert sorted(log(settings, tmp_path), key=str) == [(b"com.example.charts", CHARTS), (b"com.example.forms", FORMS)]
    assert run(settings, "apps", "import", both) == (0, "2 apps: 0 added, 0 changed, 2 as before.\n")
    assert len(log(settings, tmp_path)) == 2

    code, said = run(settings, "apps", "list")
    assert code == 0
    assert "\x1b" not in said
    assert "https://charts.example.com/health" in said
    assert "2026-03-01 00:00:00Z" in said

    code, listed = run(settings, "apps", "list", "--json")
    assert orjson.loads(listed) == [CHARTS, FORMS]
    again = tmp_path / "again.json"
    again.write_text(listed)
    assert run(settings, "apps", "import", str(again))[1] == "2 apps: 0 added, 0 changed, 2 as before.\n"

    one = file_of(tmp_path, CHARTS | {"name": "New charts"})
    code, said = run(settings, "apps", "import", one)
    assert said.splitlines()[0] == "1 app: 0 added, 1 changed, 0 as before."
    assert "1 app is in the catalogue and not in the file" in said
    assert run(settings, "apps", "import", one, "--prune")[1] == "1 app: 0 added, 0 changed, 1 as before, 1 removed.\n"
    assert (b"com.example.forms", None) in log(settings, tmp_path)
    assert orjson.loads(run(settings, "apps", "list", "--json")[1]) == [CHARTS | {"name": "New charts"}]


def test_of_a_file_with_a_fault_nothing_is_sent(settings: Settings, tmp_path: Path) -> None:
    asyncio.run(prepare_topics(settings))
    path = file_of(tmp_path, CHARTS, {"appKey": "b"})
    code, said = run(settings, "apps", "import", path)
    assert code == 2
    assert f"{path}:1: name: Field required" in said
    assert "Nothing was sent" in said
    assert log(settings, tmp_path) == []


def test_what_is_no_app_is_not_shown(settings: Settings) -> None:
    async def scenario() -> None:
        await prepare_topics(settings)
        await write(settings, settings.topics.apps, {"another key": App.model_validate(CHARTS)})

    asyncio.run(scenario())
    assert "No apps" in run(settings, "apps", "list")[1]


@pytest.mark.parametrize("command", [("apps", "list"), ("exclude", "list"), ("exclude", "end", "x")])
def test_without_the_topic_it_says_who_makes_it(settings: Settings, command: tuple[str, ...]) -> None:
    code, said = run(settings, *command)
    assert code == 1
    assert "slo-streams worker" in said


@pytest.mark.parametrize("command", [("apps", "list"), ("exclude", "list"), ("exclude", "end", "x")])
def test_without_a_broker_one_sentence_says_what_to_look_at(command: tuple[str, ...]) -> None:
    code, said = run(Settings(bootstrap_servers="127.0.0.1:1"), *command)
    assert code == ExitCode.UNAVAILABLE
    assert "SLO_BOOTSTRAP_SERVERS" in said
    assert "Traceback" not in said
