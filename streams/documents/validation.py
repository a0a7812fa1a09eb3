"""What a model has against a document, in words of a file, each at its place."""

from collections.abc import Callable, Collection
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from streams.documents.document import Document
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
    "too_long": "should have exactly {max_length} entry, not {actual_length}; more are not supported",
    "literal_error": "should be {expected}, not {input!r}",
    "enum": "should be {expected}, not {input!r}",
    "int_parsing": "should be a whole number, not {input!r}",
    "value_error": "{error}",
}


def remarks(
    document: Document, error: ValidationError, *, unknown: Callable[[str], str], variants: Collection[str] = ()
) -> list[Remark]:
    """Every problem of a document; `unknown` has the sentence for a field that no model knows.

    `variants` are what pydantic puts into the path of a union, and no file has.
    """
    return [_remark(document, detail, unknown, variants) for detail in error.errors()]


def _remark(
    document: Document, detail: ErrorDetails, unknown: Callable[[str], str], variants: Collection[str]
) -> Remark:
    path = tuple(part for part in detail["loc"] if part not in variants)
    if detail["type"] == "extra_forbidden":
        return document.remark(path, unknown(str(detail["loc"][-1])))
    known: dict[str, Any] = {"input": detail["input"], **detail.get("ctx", {})}
    template = _SENTENCES.get(detail["type"])
    return document.remark(path, template.format(**known) if template else detail["msg"])
