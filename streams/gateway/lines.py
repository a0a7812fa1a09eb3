"""Events as services send them: one JSON object, or one a line; each becomes a record just as it was written."""

from dataclasses import dataclass
from typing import Final

import orjson
from pydantic import ValidationError

from schemas import complaint
from schemas.json_text import read_json
from schemas.wire import EventDecoder
from streams.gateway.outbox import OutRecord
from streams.gateway.results import MOST
from streams.names import METRICS, Metric
from streams.web.problem import Problem, ProblemError

LARGEST_BYTES: Final = 64 * 1024
"""Of one event; the evaluator reads no larger one."""

METRIC_OF: Final[dict[str, Metric]] = {
    name: metric for metric in METRICS.values() for name in (metric.table, metric.record, metric.id)
}
"""Metrics by all their names: the short one of the command line, that of their topic, and their id."""

LINES: Final = ("application/x-ndjson", "application/ndjson", "application/jsonl")
"""What a body may be called that holds one event a line."""

_DECODERS: Final = {metric.record: EventDecoder(metric.model) for metric in METRICS.values()}


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an event is refused; `fault` names the field."""

    problem: Problem
    fault: str | None = None


def is_single(media_type: str) -> bool:
    """Whether a body is one event, rather than one a line.

    Raises:
        ProblemError: CONTENT_TYPE: it is said to be neither.
    """
    if media_type != "application/json" and media_type not in LINES:
        fault = f"Say application/json for one event, {LINES[0]} for one a line"
        raise ProblemError(Problem.CONTENT_TYPE, fault=fault)
    return media_type == "application/json"


def numbered_lines(body: bytes) -> list[tuple[int, bytes]]:
    """The lines of a body that are not blank, each with its number from 1.

    Raises:
        ProblemError: TOO_MANY_EVENTS.
    """
    lines = [(number, line) for number, line in enumerate(body.split(b"\n"), 1) if line.strip()]
    if len(lines) > MOST:
        raise ProblemError(Problem.TOO_MANY_EVENTS)
    return lines


def read_event(value: bytes, metric: Metric, topic: str) -> OutRecord | Fault:
    """The record of an event of a metric, or why there is none. Fields the schema does not know stay."""
    if len(value) > LARGEST_BYTES:
        return Fault(Problem.EVENT_TOO_LARGE)
    try:
        app_key = _app_key(value, metric)
    except orjson.JSONDecodeError:
        return Fault(Problem.BAD_REQUEST, "The event is not JSON; several events are one a line, application/x-ndjson")
    except ValidationError as problem:
        return Fault(Problem.BAD_REQUEST, complaint(problem))
    return OutRecord(topic, app_key.encode(), value.strip())


def _app_key(value: bytes, metric: Metric) -> str:
    """Whose event it is. What the fast decoder does not take is for the model to judge, which names the fault.

    Raises:
        JSONDecodeError, ValidationError: it is no event of this kind.
    """
    (event,) = _DECODERS[metric.record].decode([value])
    if event is not None:
        return str(event.app_key)
    document = read_json(value)
    metric.model.model_validate(document)
    return str(document["appKey"])
