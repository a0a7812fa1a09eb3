"""The JSON Schemas in the tree are those of the models."""

import json
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from jsonschema_rs import Draft4Validator

from schemas import TOPICS
from schemas.json_schema import DIRECTORY, json_schemas, stale_files
from streams.intake.checking import Rejection
from streams.intake.reading import EventReader
from streams.names import WEBHOOK
from tests.build import Stored


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


SPELLINGS = [b"200", b"200.0", b"2e2", b"0.5", b"-1", b"-0", b"9223372036854775807", b"9223372036854775808", b"1e300"]
SPELLINGS += [b"null", b"true", b'""', b'"APP"', b'"' + b"x" * 256 + b'"', b'"' + b"x" * 257 + b'"', b"[]", b"{}"]
SPELLINGS += [b"1648136352345", b"1648136352345.0", b'"2016-12-31T23:59:60Z"', b'"2022-03-24T15:40:00"']


@pytest.mark.parametrize(
    "name", ["appKey", "time", "statusCode", "durationInMillis", "error", "faultOwner", "unheardOf"]
)
def test_the_published_schema_takes_what_the_intake_takes(name: str) -> None:
    published = Draft4Validator(orjson.loads((DIRECTORY / "webhook.schema.json").read_bytes()))
    usual = {"appKey": "a", "time": 1_648_136_352_345, "product": "Jira", "clientKey": "c", "event": "e"}
    written = {key: orjson.dumps(value) for key, value in usual.items()}
    for spelling in SPELLINGS:
        members = [b'"%b":%b' % (key.encode(), value) for key, value in (written | {name: spelling}).items()]
        raw = b"{%b}" % b",".join(members)
        said = EventReader(WEBHOOK).checked(Stored(value=raw))
        assert published.is_valid(json.loads(raw)) is not isinstance(said, Rejection), raw
