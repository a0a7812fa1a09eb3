"""The tables of Flink SQL are the topics and their schemas, and Flink takes them."""

import re
import subprocess
from itertools import chain
from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner

from schemas import TOPICS
from streams.cli.app import app
from streams.kafka.flink import flink_tables
from streams.kafka.specs import TopicSpec
from streams.settings import Settings
from tests.bench.peers.environment import UnavailableError, java_with

GOLDEN: Final = Path(__file__).with_name("flink.sql")
OPENS: Final = ("java.base/java.util", "java.base/java.lang", "java.base/java.net", "java.base/java.nio")


@pytest.fixture(scope="module")
def tables() -> str:
    """What the command prints."""
    done = CliRunner().invoke(app, ["topics", "--flink"], env={"SLO_BOOTSTRAP_SERVERS": "kafka:9092"})
    assert done.exit_code == 0, done.output
    return done.stdout


def test_they_are_as_they_were(tables: str) -> None:
    assert tables == GOLDEN.read_text(), (
        f"if that is meant: SLO_BOOTSTRAP_SERVERS=kafka:9092 slo-streams topics --flink > {GOLDEN}"
    )


def test_every_topic_with_a_schema_is_a_table(tables: str) -> None:
    names = re.findall(r"^CREATE TABLE `slo\.([\w-]+)\.v1`", tables, re.MULTILINE)
    assert {*names} == {*TOPICS, "alert-state"} - {"used-tokens"}


def test_a_table_has_every_field_of_its_record(tables: str) -> None:
    for part in tables.split(";\n"):
        topic = re.search(r"'topic' = 'slo\.([\w-]+)\.v1'", part)
        if topic is None or topic[1] == "rejected":
            continue
        model = TOPICS["alerts" if topic[1] == "alert-state" else topic[1]]
        fields = re.findall(r"^  `(\w+)` ", part, re.MULTILINE)
        assert fields == ["record_key", *model.model_json_schema()["properties"], "record_time"], topic[1]


def test_what_is_quoted_cannot_end_its_text() -> None:
    settings = Settings(bootstrap_servers="it's:9092")
    (line,) = {line for line in flink_tables(settings, [TopicSpec("slo.apps.v1")]).splitlines() if "servers" in line}
    assert line == "  'properties.bootstrap.servers' = 'it''s:9092',"


@pytest.mark.long
@pytest.mark.timeout(600)
def test_flink_takes_them_all() -> None:
    try:
        java, class_path = java_with("flink")
    except UnavailableError as problem:
        pytest.skip(str(problem))
    opens = chain.from_iterable(("--add-opens", f"{package}=ALL-UNNAMED") for package in OPENS)
    source = GOLDEN.with_name("FlinkTables.java")
    quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"
    command = [java, *opens, quiet, "-cp", class_path, str(source), str(GOLDEN)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr[-2_000:]
    assert len(done.stdout.splitlines()) == GOLDEN.read_text().count("CREATE TABLE")
