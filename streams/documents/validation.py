"""What a model has against a document, in words of a file, each at its place."""

from collections.abc import Callable, Collection
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from streams.documents.document import Document, FieldPath
from streams.documents.remark import Remark

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
    "string_too_short": "should not be empty",
    "string_too_long": "should have at most {max_length} characters",
    "literal_error": "should be {expected}, not {input!r}",
    "enum": "should be {expected}, not {input!r}",
    "int_parsing": "should be a whole number, not {input!r}",
    "value_error": "{error}",
}


def remarks(
    document: Document,
    error: ValidationError,
    *,
    unknown: Callable[[str], str],
    variants: Collection[str] = (),
    inside: FieldPath = (),
) -> list[Remark]:
    """Every problem of what stands at `inside` in a document; `unknown` has the sentence for a field no model knows.

    `variants` are what pydantic puts into the path of a union, and no file has.
    """
    found = []
    for detail in error.errors():
        path = (*inside, *(part for part in detail["loc"] if part not in variants))
        sentence = unknown(str(detail["loc"][-1])) if detail["type"] == "extra_forbidden" else _sentence(detail)
        found.append(document.remark(path, sentence))
    return found


def _sentence(detail: ErrorDetails) -> str:
    known: dict[str, Any] = {"input": detail["input"], **detail.get("ctx", {})}
    if detail["type"] == "too_long":
        most = "exactly 1 entry" if known["max_length"] == 1 else f"at most {known['max_length']} entries"
        return f"should have {most}, not {known['actual_length']}; more are not supported"
    template = _SENTENCES.get(detail["type"])
    return template.format(**known) if template else detail["msg"]
