"""The AsyncAPI document is that of the models, and one by AsyncAPI's own JSON Schema.

`asyncapi-3.0.0.schema.json.gz` is `schemas/3.0.0-without-$id.json` of the npm package @asyncapi/specs 6.11.1
(Apache-2.0).
"""

import gzip
from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema_rs import Draft7Validator

from schemas import TOPICS, asyncapi

OFFICIAL = Path(__file__).parent / "asyncapi-3.0.0.schema.json.gz"


@pytest.fixture(scope="module")
def official() -> Draft7Validator:
    return Draft7Validator(orjson.loads(gzip.decompress(OFFICIAL.read_bytes())))


@pytest.fixture
def document() -> Any:
    return orjson.loads(asyncapi.FILE.read_bytes())


def test_the_file_in_the_tree_is_current() -> None:
    assert not asyncapi.is_stale(), "run `python -m schemas` and commit the result"


def test_it_is_an_asyncapi_document(official: Draft7Validator, document: Any) -> None:
    assert [error.message for error in official.iter_errors(document)] == []
    document["operations"]["receive-webhook"]["action"] = "read"
    assert not official.is_valid(document)


def test_it_has_every_topic_and_every_reference_leads_somewhere(document: Any) -> None:
    addresses = {channel["address"] for channel in document["channels"].values()}
    assert addresses == {f"slo.{topic}.v1" for topic in (*TOPICS, "alert-state")}
    for reference in references(document):
        target = document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]
        assert target


def references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [found for one in node for found in references(one)]
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for one in node.values() for found in references(one)]
    return []
