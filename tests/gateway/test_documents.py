"""The OpenAPI document: current in the tree, by its standard, and what a gateway serves."""

import asyncio
from pathlib import Path

import orjson
from openapi_spec_validator import validate

from streams.gateway.__main__ import openapi_json
from tests.gateway.conftest import Stage

FILE = Path(__file__).parents[2] / "infra/api/openapi.json"


def test_the_file_in_the_tree_is_current() -> None:
    made = asyncio.run(openapi_json())
    assert FILE.read_bytes() == made, "run `python -m streams.gateway > infra/api/openapi.json` and commit the result"


def test_it_is_an_openapi_document() -> None:
    validate(orjson.loads(FILE.read_bytes()))


def test_a_gateway_serves_it(stage: Stage) -> None:
    served = asyncio.run(stage.gateway.call("GET", "/openapi.json"))
    assert served[:2] == (200, orjson.loads(FILE.read_bytes()))
