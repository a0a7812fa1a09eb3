"""What is to be checked: the health URLs of apps, from the catalogue or from a file of their own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from schemas.apps import App
from streams.listing import UnreadableListError, read_list
from streams.outbound.urls import read_url


class InvalidTargetsError(Exception):
    """The list cannot be used; the message has a line for each fault."""


def _can_be_checked(text: str) -> str:
    read_url(text)
    return text


class HealthTarget(BaseModel):
    """One base URL to check, and the app it belongs to. The URL is reported exactly as written."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=True)

    app_key: str = Field(alias="appKey", min_length=1, max_length=256)
    url: Annotated[str, AfterValidator(_can_be_checked)] = Field(max_length=2_048)
    partner: str | None = Field(None, min_length=1, max_length=256)

    @property
    def of_partner(self) -> str:
        """Whose it is: an app that names no partner is its own."""
        return self.partner or self.app_key


def targets_of(app: App) -> Iterator[HealthTarget]:
    """Its URLs, each once, whatever they are: one that must not be called is the prober's to refuse."""
    for url in dict.fromkeys(app.healthcheck_urls):
        yield HealthTarget.model_construct(app_key=app.app_key, url=url, partner=app.partner_name)


def load_targets(path: Path) -> list[HealthTarget]:
    """Targets of a file, in its order, at least one.

    Raises:
        InvalidTargetsError: every fault, each with its line.
    """
    try:
        items = read_list(path)
    except UnreadableListError as error:
        raise InvalidTargetsError(str(error)) from None

    lines: dict[HealthTarget, int] = {}
    faults = []
    for line, value in items:
        try:
            target = HealthTarget.model_validate(value)
        except ValidationError as error:
            faults += [f"{path}:{line}: {_explain(problem)}" for problem in error.errors()]
            continue
        if target in lines:
            faults.append(f"{path}:{line}: the same as {path}:{lines[target]}, so every check would count twice")
        lines.setdefault(target, line)
    if faults:
        raise InvalidTargetsError("\n".join(faults))
    return list(lines)


def _explain(problem: Any) -> str:
    field = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "model_type":
        return "write {appKey: com.example.app, url: https://...}"
    message = problem["msg"].removeprefix("Value error, ")
    return f"{field}: {message}" if field else message
