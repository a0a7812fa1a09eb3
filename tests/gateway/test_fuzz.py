"""What the OpenAPI document promises holds for whatever is sent: schemathesis calls a running gateway by it."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.gateway.conftest import FUZZED_APP, Stage
from tests.gateway.process import SERVICE
from tests.gateway.signing import authorization

CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

bounded = settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[*HealthCheck],
    database=None,
    derandomize=True,
)

Operation = Any


@pytest.fixture(scope="module")
def operations(stage: Stage) -> dict[str, Operation]:
    """The operations of the document, by their ids."""
    document = schemathesis.openapi.from_url(f"{stage.gateway.url}/openapi.json")
    found: list[Any] = [result.ok() for result in document.get_all_operations()]  # type: ignore[union-attr]
    return {operation.definition.raw["operationId"]: operation for operation in found}


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("name", ["publish", "events"])
def test_strangers_hear_what_the_document_says(
    operations: dict[str, Operation], name: str, mode: GenerationMode
) -> None:
    statuses = called(operations[name], mode, lambda case: None)
    assert statuses <= {401, 403, 404}


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_apps_hear_what_the_document_says(operations: dict[str, Operation], mode: GenerationMode) -> None:
    def by_the_app(case: Any) -> None:
        case.path_parameters = {"addon_key": FUZZED_APP}
        case.query = {}
        case.headers = {**(case.headers or {}), **authorization("c-fuzzed", FUZZED_APP)}

    statuses = called(operations["publish"], mode, by_the_app)
    assert statuses & ({204, 429} if mode is GenerationMode.POSITIVE else {400, 429})


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_services_hear_what_the_document_says(operations: dict[str, Operation], mode: GenerationMode) -> None:
    def by_a_service(case: Any) -> None:
        case.headers = {**(case.headers or {}), **SERVICE}

    statuses = called(operations["events"], mode, by_a_service)
    assert statuses & {200, 207, 400, 404}


def called(operation: Operation, mode: GenerationMode, prepare: Any) -> set[int]:
    """Call an operation with generated requests; the statuses of the answers, each of them as documented."""
    statuses = set()

    @bounded
    @given(case=operation.as_strategy(generation_mode=mode))
    def calls(case: Any) -> None:
        prepare(case)
        response = case.call()
        if response.status_code in (404, 405):
            return  # no endpoint: an empty name or one with a slash makes another path
        statuses.add(response.status_code)
        case.validate_response(response, checks=CHECKS)

    calls()
    return statuses
