"""What an app publishes: a list of results, read into records for Kafka, or the programme's own complaint."""

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from schemas import complaint
from schemas.fields import Milliseconds, Text
from streams.gateway.installations import Installed
from streams.gateway.modules import module_types
from streams.gateway.outbox import OutRecord
from streams.names import IFRAME, Topics
from streams.web.problem import Problem, ProblemError

MOST: Final = 1_000
"""Results, or events, in one call."""


class Result(BaseModel):
    """One result, as the app judged it."""

    model_config = ConfigDict(
        allow_inf_nan=False, extra="ignore", frozen=True, strict=True, use_attribute_docstrings=True
    )

    metrics_type: Annotated[
        Literal["IFRAME", "SYNTHETIC"], Field(validation_alias=AliasChoices("metricsType", "metricType"))
    ]
    """`IFRAME`: a load of an iframe, counted into its success rate. `SYNTHETIC`: a test run, shown only."""
    module_type: Text | None = Field(None, alias="moduleType")
    """With `IFRAME` only, and required there: the module's type, a key of `modules` in the app's descriptor."""
    duration_in_millis: Milliseconds | None = Field(None, alias="durationInMillis")
    """How long it took; kept of successes only."""
    status: Literal["SUCCESS", "FAIL"]
    """Whether it worked. What the app itself handled well, a user's mistake for example, is a success."""


_RESULTS: Final = TypeAdapter(list[Result])

_PROBLEM_OF: Final = {
    "metricsType": Problem.METRICS_TYPE,
    "metrics_type": Problem.METRICS_TYPE,
    "metricType": Problem.METRICS_TYPE,
    "moduleType": Problem.MODULE_TYPE,
}


def read_results(body: bytes, product: str) -> list[Result]:
    """The results of a body; each one's module type is one of the product.

    Raises:
        ProblemError: the first fault.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise ProblemError(Problem.BAD_REQUEST, fault="The body is not JSON") from None
    if not isinstance(document, list):
        raise ProblemError(Problem.BAD_REQUEST, fault="The body is not a list of results")
    if len(document) > MOST:
        raise ProblemError(Problem.TOO_MANY_EVENTS)
    try:
        results = _RESULTS.validate_python(document)
    except ValidationError as problem:
        raise _refusal(problem) from None
    types = module_types(product)
    for index, result in enumerate(results):
        if result.metrics_type == "IFRAME" and result.module_type not in types:
            raise ProblemError(Problem.MODULE_TYPE, index=index)
    return results


def _refusal(problem: ValidationError) -> ProblemError:
    first: Any = problem.errors(include_url=False, include_context=False, include_input=False)[0]
    index, *field = first["loc"] or (None,)
    if first["type"] == "greater_than_equal":
        return ProblemError(Problem.NEGATIVE_LATENCY, index=index)
    known = _PROBLEM_OF.get(field[0]) if field else None
    if known is not None:
        return ProblemError(known, index=index)
    return ProblemError(Problem.BAD_REQUEST, index=index, fault=complaint(problem))


def records_of(results: list[Result], installed: Installed, time_ms: int, topics: Topics) -> Iterator[OutRecord]:
    """The results as records: of the app, client and product that the token proved, at the time they were accepted."""
    key, iframe, synthetic = installed.app_key.encode(), topics.input(IFRAME), topics.synthetic
    source = {
        "appKey": installed.app_key,
        "time": time_ms,
        "product": installed.product,
        "clientKey": installed.client_key,
    }
    load = source | {"source": "APP", "bridgeInMillis": None}
    for result in results:
        duration = result.duration_in_millis if result.status == "SUCCESS" else None
        verdict = {"status": result.status, "durationInMillis": duration}
        if result.metrics_type == "IFRAME":
            yield OutRecord(iframe, key, orjson.dumps({**load, "moduleType": result.module_type, **verdict}))
        else:
            yield OutRecord(synthetic, key, orjson.dumps({**source, **verdict}))
