"""The OpenAPI document: current in the tree, by its standard, and true of whatever is sent."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from openapi_spec_validator import validate
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from streams.dashboard.__main__ import openapi_json
from streams.dashboard.app import dashboard_app
from streams.dashboard.database import Database
from streams.dashboard.settings import DashboardSettings
from streams.objectives import read_objectives
from tests.dashboard.conftest import PLATFORM
from tests.dashboard.world import CHARTS

FILE = Path(__file__).parents[2] / "infra/api/dashboard.json"
DOCUMENT = orjson.loads(FILE.read_bytes())
OPERATIONS = sorted(one["operationId"] for path in DOCUMENT["paths"].values() for one in path.values())
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def test_the_file_in_the_tree_is_current() -> None:
    assert FILE.read_bytes() == openapi_json(), "run `python -m streams.dashboard > infra/api/dashboard.json`"


def test_it_is_an_openapi_document() -> None:
    validate(DOCUMENT)
    assert {"budgets", "counts", "alerts", "alert", "incidents", "standing", "backtest"} <= set(OPERATIONS)


@pytest.fixture(scope="module")
def operations(filled: str) -> Iterator[dict[str, Any]]:
    """The operations of the document, called as the platform, by their ids."""
    database = Database(filled)
    database.open()
    app = dashboard_app(DashboardSettings(), read_objectives(), database, lambda _: PLATFORM)
    document = schemathesis.openapi.from_asgi("/openapi.json", app)
    found: list[Any] = [result.ok() for result in document.get_all_operations()]  # type: ignore[union-attr]
    yield {operation.definition.raw["operationId"]: operation for operation in found}
    database.close()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("name", OPERATIONS)
def test_whatever_is_sent_the_answer_is_as_documented(
    operations: dict[str, Any], name: str, mode: GenerationMode
) -> None:
    operation = operations[name]
    statuses = set()

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=5,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[*HealthCheck],
        database=None,
        derandomize=True,
    )
    def call(case: Any) -> None:
        if name == "counts":
            case.query = {**(case.query or {}), "app": CHARTS}
        case.headers = {**(case.headers or {}), "Sec-Fetch-Site": "same-origin"}
        response = case.call()
        case.validate_response(response, checks=CHECKS)
        statuses.add(response.status_code)

    call()
    assert statuses <= {200, 201, 400, 404, 405, 409, 413, 415, 503}
