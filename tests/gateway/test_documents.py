"""The OpenAPI document: current in the tree, by its standard, and what a gateway serves."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
from jsonschema_rs import Draft202012Validator
from openapi_spec_validator import validate

from streams.gateway.__main__ import openapi_json
from tests.gateway.conftest import Stage

FILE = Path(__file__).parents[2] / "infra/api/openapi.json"


def test_the_file_in_the_tree_is_current() -> None:
    made = asyncio.run(openapi_json())
    assert FILE.read_bytes() == made, "run `python -m streams.gateway > infra/api/openapi.json` and commit the result"


def test_it_is_an_openapi_document() -> None:
    validate(orjson.loads(FILE.read_bytes()))


def examples(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Every example of the document: where it is, its schema, its value."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for status, response in operation["responses"].items():
                for media in response.get("content", {}).values():
                    for name, example in media.get("examples", {}).items():
                        yield f"{method} {path} {status} {name}", media["schema"], example["value"]


def test_every_example_fits_its_schema() -> None:
    document = orjson.loads(FILE.read_bytes())
    found = list(examples(document))
    assert len(found) > 20
    for where, schema, value in found:
        # Nothing beside what the schema names: a misspelt optional field would fit, too.
        strict = {**document, **schema, "unevaluatedProperties": False}
        faults = [fault.message for fault in Draft202012Validator(strict).iter_errors(value)]
        assert faults == [], where


def test_a_client_made_from_it_knows_where_to_call_and_how_to_sign() -> None:
    document = orjson.loads(FILE.read_bytes())
    assert [urlsplit(server["url"]).scheme for server in document["servers"]] == ["http"]
    for operations in document["paths"].values():
        for operation in operations.values():
            (needed,) = operation["security"]
            assert set(needed) <= set(document["components"]["securitySchemes"])
            assert {"operationId", "summary", "description"} <= set(operation)
            assert any(status.startswith("4") for status in operation["responses"])


def test_a_gateway_serves_it(stage: Stage) -> None:
    served = asyncio.run(stage.gateway.call("GET", "/openapi.json"))
    assert served[:2] == (200, orjson.loads(FILE.read_bytes()))
