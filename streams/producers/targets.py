"""The list of health URLs to check: a YAML or JSON file, validated as a whole before the first check."""

from pathlib import Path
from typing import Annotated, Any

import orjson
import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl, TypeAdapter, ValidationError

_HTTP_URL = TypeAdapter(HttpUrl)


class InvalidTargetsError(Exception):
    """The list cannot be used; the message has a line for each fault."""


def _plain_http_url(text: str) -> str:
    if text != "".join(text.split()):
        raise ValueError("contains white space")
    url = _HTTP_URL.validate_python(text)
    if url.username is not None or url.password is not None:
        raise ValueError("carries a user name or password, and the URL is published with every result")
    return text


class HealthTarget(BaseModel):
    """One base URL to check, and the app it belongs to. The URL is reported exactly as written."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=True)

    app_key: str = Field(alias="appKey", min_length=1, max_length=256)
    url: Annotated[str, AfterValidator(_plain_http_url)] = Field(max_length=2_048)


def load_targets(path: Path) -> list[HealthTarget]:
    """Targets of a file, in its order, at least one.

    Raises:
        InvalidTargetsError: every fault, each with its line (YAML) or index (a `.json` file).
    """
    try:
        content = path.read_bytes()
        items = _json_items(content) if path.suffix == ".json" else _yaml_items(content)
    except OSError as error:
        raise InvalidTargetsError(f"{path}: {error.strerror}") from None
    except (ValueError, yaml.YAMLError) as error:
        raise InvalidTargetsError(f"{path}: not readable: {' '.join(str(error).split())}") from None
    if not items:
        raise InvalidTargetsError(f"{path}: must be a list of `- {{appKey: com.example.app, url: https://...}}`")

    targets: dict[HealthTarget, str] = {}
    faults = []
    for place, item in items:
        try:
            target = HealthTarget.model_validate(item)
        except ValidationError as error:
            faults += [f"{path}:{place}: {_explain(problem)}" for problem in error.errors()]
            continue
        if target in targets:
            faults.append(f"{path}:{place}: the same as {path}:{targets[target]}, so every check would count twice")
        targets.setdefault(target, place)
    if faults:
        raise InvalidTargetsError("\n".join(faults))
    return list(targets)


def _json_items(content: bytes) -> list[tuple[str, Any]]:
    document = orjson.loads(content)
    return [(f"[{index}]", item) for index, item in enumerate(document)] if isinstance(document, list) else []


def _yaml_items(content: bytes) -> list[tuple[str, Any]]:
    loader = yaml.SafeLoader(content)
    try:
        root = loader.get_single_node()
        if not isinstance(root, yaml.SequenceNode):
            return []
        return [(f"{node.start_mark.line + 1}", loader.construct_document(node)) for node in root.value]
    finally:
        loader.dispose()


def _explain(problem: Any) -> str:
    field = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "model_type":
        return "write {appKey: com.example.app, url: https://...}"
    message = problem["msg"].removeprefix("Value error, ")
    return f"{field}: {message}" if field else message
