"""Bytes -> validated OpenSLO objects, each with the place it was written at."""

from dataclasses import dataclass
from typing import Any, Final, Generic, TypeAlias, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from streams.objectives.defect import Defect
from streams.objectives.document import Document, FieldPath, read_documents
from streams.objectives.openslo import SLO, VARIANTS, AlertCondition, AlertPolicy

T = TypeVar("T")
U = TypeVar("U")

_Object: TypeAlias = SLO | AlertPolicy | AlertCondition
_KINDS: Final[dict[str, type[_Object]]] = {"SLO": SLO, "AlertPolicy": AlertPolicy, "AlertCondition": AlertCondition}

_UNSUPPORTED: Final = {
    "indicator": "an inline indicator is not supported; name a metric in indicatorRef of the SLO",
    "indicatorRef": "a composite SLO is not supported; write one SLO for each metric",
    "compositeWeight": "a composite SLO is not supported; write one SLO for each metric",
    "calendar": "a calendar-aligned time window is not supported; only rolling ones are",
    "op": "a threshold metric is not supported; every event is already good or bad",
    "value": "a threshold metric is not supported; every event is already good or bad",
    "timeSliceTarget": "time slices are not supported; failures are counted by occurrence",
    "timeSliceWindow": "time slices are not supported; failures are counted by occurrence",
}
_SENTENCES: Final = {
    "missing": "is required",
    "model_type": "should be a mapping of fields",
    "dict_type": "should be a mapping of fields",
    "list_type": "should be a list",
    "string_type": "should be text",
    "greater_than": "should be greater than {gt}",
    "greater_than_equal": "should be at least {ge}",
    "less_than_equal": "should be at most {le}",
    "too_short": "should have an entry",
    "too_long": "should have exactly {max_length} entry, not {actual_length}; more are not supported",
    "literal_error": "should be {expected}, not {input!r}",
    "enum": "should be {expected}, not {input!r}",
    "int_parsing": "should be a whole number, not {input!r}",
    "value_error": "{error}",
}


@dataclass(frozen=True, slots=True)
class Located(Generic[T]):
    """A value of the file and where it stands."""

    value: T
    document: Document
    path: FieldPath = ()

    def inner(self, value: U, *path: str | int) -> "Located[U]":
        """A value inside this one."""
        return Located(value, self.document, self.path + path)

    def problem(self, *field: str | int, sentence: str) -> Defect:
        """What is wrong with a field of this value."""
        return self.document.problem(self.path + field, sentence)


@dataclass(frozen=True, slots=True)
class Spec:
    """The objects of a file that are valid by themselves.

    `doubtful` holds every word of the documents that are not: a name among them is not called missing or unused.
    """

    slos: tuple[Located[SLO], ...]
    policies: tuple[Located[AlertPolicy], ...]
    conditions: tuple[Located[AlertCondition], ...]
    doubtful: frozenset[str]


def read_spec(raw: bytes) -> tuple[Spec, list[Defect]]:
    """The objects of an objectives file and everything that is wrong with them one by one."""
    documents, problems = read_documents(raw)
    slos: list[Located[SLO]] = []
    policies: list[Located[AlertPolicy]] = []
    conditions: list[Located[AlertCondition]] = []
    doubtful: set[str] = set()
    for document in documents:
        value, found = _validated(document)
        problems += found
        match value:
            case SLO():
                slos.append(Located(value, document))
            case AlertPolicy():
                policies.append(Located(value, document))
            case AlertCondition():
                conditions.append(Located(value, document))
            case None:
                doubtful |= document.words
    return Spec(tuple(slos), tuple(policies), tuple(conditions), frozenset(doubtful)), problems


def _validated(document: Document) -> tuple[_Object | None, list[Defect]]:
    data = document.data
    if not isinstance(data, dict):
        return None, [document.problem((), "should be an OpenSLO object with apiVersion, kind, metadata and spec")]
    problems = []
    if data.get("apiVersion") is None:
        problems.append(document.problem(("apiVersion",), "is required; write openslo/v1"))
    kind = data.get("kind")
    model = _KINDS.get(str(kind))
    if model is None:
        found = f", not {kind!r}" if isinstance(kind, str) else ""
        problems.append(document.problem(("kind",), f"should be SLO, AlertPolicy or AlertCondition{found}"))
        return None, problems
    try:
        return model.model_validate(data), problems
    except ValidationError as error:
        return None, problems + [_problem(document, detail) for detail in error.errors()]


def _problem(document: Document, detail: ErrorDetails) -> Defect:
    path = tuple(part for part in detail["loc"] if part not in VARIANTS)
    if detail["type"] == "extra_forbidden":
        return document.problem(path, _unknown(str(detail["loc"][-1])))
    known: dict[str, Any] = {"input": detail["input"], **detail.get("ctx", {})}
    template = _SENTENCES.get(detail["type"])
    return document.problem(path, template.format(**known) if template else detail["msg"])


def _unknown(field: str) -> str:
    if field.startswith("slo-streams/"):
        return "is no annotation of this object; an AlertPolicy can have hop, minimum-events, recover-after and silence"
    return _UNSUPPORTED.get(field, "is not a field that is supported here; correct its spelling or remove it")
