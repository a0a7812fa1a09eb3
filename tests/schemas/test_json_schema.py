"""The JSON Schemas in the tree are those of the models."""

import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from schemas import TOPICS
from schemas.json_schema import DIRECTORY, json_schemas, stale_files


def test_the_files_in_the_tree_are_current() -> None:
    assert stale_files() == [], "run `python -m schemas` and commit the result"


def test_there_is_one_for_each_topic() -> None:
    assert {file.name for file in DIRECTORY.iterdir()} == {f"{topic}.schema.json" for topic in TOPICS}


def test_only_what_is_never_null_is_required() -> None:
    webhook = orjson.loads(json_schemas()[DIRECTORY / "webhook.schema.json"])
    assert webhook["required"] == ["appKey", "time", "product", "clientKey", "event"]
    assert "additionalProperties" not in webhook


def test_a_stale_or_leftover_file_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schemas.json_schema.DIRECTORY", tmp_path)
    for file, content in json_schemas().items():
        file.write_bytes(content)
    (tmp_path / "webhook.schema.json").write_bytes(b"{}")
    (tmp_path / "gone.schema.json").write_bytes(b"{}")
    (tmp_path / "apps.schema.json").unlink()
    assert [file.name for file in stale_files()] == ["webhook.schema.json", "apps.schema.json", "gone.schema.json"]


def test_the_command_checks_without_writing() -> None:
    done = subprocess.run([sys.executable, "-m", "schemas", "--check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
