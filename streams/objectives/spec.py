"""Bytes -> validated OpenSLO objects, each with the place it was written at."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeAlias, TypeVar

from pydantic import ValidationError

from streams.documents.document import Document, FieldPath, read_documents
from streams.documents.remark import Remark
from streams.documents.validation import remarks
from streams.objectives.annotations import PREFIX, PolicyAnnotations, SLOAnnotations, named
from streams.objectives.openslo import SLO, VARIANTS, AlertCondition, AlertPolicy, Other

T = TypeVar("T")
U = TypeVar("U")

_Object: TypeAlias = SLO | AlertPolicy | AlertCondition | Other
_KINDS: Final[dict[str, type[_Object]]] = {
    "SLO": SLO,
    "AlertPolicy": AlertPolicy,
    "AlertCondition": AlertCondition,
    **dict.fromkeys(("Service", "SLI", "DataSource", "AlertNotificationTarget"), Other),
}

_UNSUPPORTED: Final = {
    "indicator": "a composite SLO is not supported; write one SLO for each metric",
    "indicatorRef": "a composite SLO is not supported; write one SLO for each metric",
    "compositeWeight": "a composite SLO is not supported; write one SLO for each metric",
    "calendar": "a calendar-aligned time window is not supported; only rolling ones are",
    "op": "a threshold metric is not supported; every event is already good or bad",
    "value": "a threshold metric is not supported; every event is already good or bad",
    "timeSliceTarget": "time slices are not supported; failures are counted by occurrence",
    "timeSliceWindow": "time slices are not supported; failures are counted by occurrence",
    "operator": "conditions are not combined: a policy has one",
}
_IF_EMPTY: Final = "write at least one SLO and the AlertPolicy it names"


@dataclass(frozen=True, slots=True)
class Located(Generic[T]):
    """A value of a file and where it stands."""

    value: T
    document: Document
    path: FieldPath = ()

    def inner(self, value: U, *path: str | int) -> "Located[U]":
        """A value inside this one."""
        return Located(value, self.document, self.path + path)

    def remark(self, *path: str | int, sentence: str) -> Remark:
        """Something to say of a field of this value."""
        return self.document.remark(self.path + path, sentence)


@dataclass(frozen=True, slots=True)
class Spec:
    """The objects of some files that are valid by themselves.

    `doubtful` holds every word of the documents that are not: a name among them is not called missing or unused.
    """

    slos: list[Located[SLO]] = field(default_factory=list)
    policies: list[Located[AlertPolicy]] = field(default_factory=list)
    conditions: list[Located[AlertCondition]] = field(default_factory=list)
    others: list[Located[Other]] = field(default_factory=list)
    doubtful: set[str] = field(default_factory=set)

    def add(self, value: _Object, document: Document) -> None:
        """One more object."""
        match value:
            case SLO():
                self.slos.append(Located(value, document))
            case AlertPolicy():
                self.policies.append(Located(value, document))
            case AlertCondition():
                self.conditions.append(Located(value, document))
            case Other():
                self.others.append(Located(value, document))


def read_spec(files: Iterable[tuple[str, bytes]]) -> tuple[Spec, list[Remark]]:
    """The objects of some files, by name and content, and everything that is wrong with them one by one."""
    spec, problems = Spec(), list[Remark]()
    for file, raw in files:
        documents, faults = read_documents(file, raw, if_empty=_IF_EMPTY)
        problems += faults
        for document in documents:
            value, faults = _validated(document)
            problems += faults
            if value is None:
                spec.doubtful.update(document.words)
            else:
                spec.add(value, document)
    return spec, problems


def _validated(document: Document) -> tuple[_Object | None, list[Remark]]:
    data = document.data
    if not isinstance(data, dict):
        return None, [document.remark((), "should be an OpenSLO object with apiVersion, kind, metadata and spec")]
    problems = []
    if data.get("apiVersion") is None:
        problems.append(document.remark(("apiVersion",), "is required; write openslo/v1"))
    kind = data.get("kind")
    model = _KINDS.get(str(kind))
    if model is None:
        found = f", not {kind!r}" if isinstance(kind, str) else ""
        problems.append(document.remark(("kind",), f"should be a kind of OpenSLO v1 ({', '.join(_KINDS)}){found}"))
        return None, problems
    try:
        return model.model_validate(data), problems
    except ValidationError as error:
        return None, problems + remarks(document, error, unknown=_unknown, variants=VARIANTS)


def _unknown(field_name: str) -> str:
    if field_name.startswith(PREFIX):
        return (
            f"is no annotation of this object; an AlertPolicy can have {named(PolicyAnnotations)}, "
            f"an SLO {named(SLOAnnotations)}"
        )
    return _UNSUPPORTED.get(field_name, "is not a field that is supported here; correct its spelling or remove it")
