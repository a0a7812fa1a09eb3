"""Targets from a file: YAML or JSON, a list of targets, or one under `targets`."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from streams.documents.document import Document, FieldPath, bytes_of, read_documents
from streams.documents.remark import InvalidFileError, Remark
from streams.documents.validation import remarks
from streams.notifier.target import Target
from streams.notifier.target_file.address import check_address, check_secret, filled
from streams.notifier.target_file.entry import Entry

MAX_TARGETS: Final = 10_000
_IF_EMPTY: Final = "write at least one target: whom it is for, its id, channel and address"
_SECRETS: Final = ("address", "secret")


class InvalidTargetsError(InvalidFileError):
    """Targets cannot be used."""


def read_targets(file: Path, environment: Mapping[str, str] | None = None) -> list[Target]:
    """What a file says, its `${NAME}` filled from the environment (this process's unless given).

    Raises:
        InvalidTargetsError: it cannot be used; its message names every problem with line and field, and no secret.
    """
    raw, unread = bytes_of(file, "give the path of a file of targets")
    if unread:
        raise InvalidTargetsError(unread)
    documents, problems = read_documents(str(file), raw, if_empty=_IF_EMPTY)
    found: dict[str, Target] = {}
    for number, (document, path, data) in enumerate(_entries(documents)):
        if number == MAX_TARGETS:
            problems.append(document.remark(path, f"is one target too many; a file has at most {MAX_TARGETS:,}"))
            break
        target, faults = _read(document, path, data, os.environ if environment is None else environment)
        problems += faults
        if target is not None and found.setdefault(target.id, target) is not target:
            problems.append(document.remark((*path, "id"), f"{target.id!r} is the id of a target above, too"))
    if problems:
        raise InvalidTargetsError(problems)
    return list(found.values())


def _entries(documents: list[Document]) -> Iterator[tuple[Document, FieldPath, object]]:
    for document in documents:
        data = document.data
        if isinstance(data, dict) and list(data) == ["targets"] and isinstance(data["targets"], list):
            for at, item in enumerate(data["targets"]):
                yield document, ("targets", at), item
        else:
            yield document, (), data


def _read(
    document: Document, path: FieldPath, data: object, environment: Mapping[str, str]
) -> tuple[Target | None, list[Remark]]:
    if not isinstance(data, dict):
        return None, [document.remark(path, "should be a mapping with id, channel, address and whom it is for")]
    values: dict[str, Any] = {name: value for name, value in data.items() if value is not None}
    problems = []
    for name in _SECRETS:
        if isinstance(values.get(name), str):
            try:
                values[name] = filled(values[name], environment)
            except ValueError as problem:
                problems.append(document.remark((*path, name), str(problem)))
    try:
        target = Entry.model_validate(values).target()
    except ValidationError as error:
        return None, problems + remarks(document, error, unknown=_unknown, inside=path)
    if not problems:
        for name, check in (("address", check_address), ("secret", check_secret)):
            try:
                check(target)
            except ValueError as problem:
                problems.append(document.remark((*path, name), str(problem)))
    return target, problems


def _unknown(name: str) -> str:
    return f"{name!r} is no field of a target; it can have {', '.join(Entry.model_fields)}"
