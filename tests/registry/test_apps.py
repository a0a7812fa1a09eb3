"""The catalogue in a file: checked as a whole, every fault with its line; and what it changes."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.apps import App
from streams.registry.apps import InvalidAppsError, changes, load_apps, read_app

CHARTS: dict[str, Any] = {
    "appKey": "com.example.charts",
    "name": "Charts",
    "partnerName": "Example",
    "email": "sre@example.com",
    "healthcheckUrls": ["https://charts.example.com/health"],
    "excludedClientKeys": [],
}


def app(key: str, **fields: Any) -> App:
    return App.model_validate(CHARTS | {"appKey": key} | fields)


def ndjson(folder: Path, *documents: Any) -> Path:
    path = folder / "apps.ndjson"
    path.write_bytes(b"\n".join(orjson.dumps(document) for document in documents))
    return path


def test_apps_are_read_in_order(tmp_path: Path) -> None:
    path = ndjson(tmp_path, CHARTS, CHARTS | {"appKey": "com.example.forms", "tier": "gold"})
    assert load_apps(path) == [app("com.example.charts"), app("com.example.forms")]


def test_every_fault_is_told_with_its_line(tmp_path: Path) -> None:
    without_email = {name: value for name, value in CHARTS.items() if name != "email"}
    path = ndjson(
        tmp_path,
        CHARTS,
        without_email | {"appKey": "b"},
        CHARTS,
        CHARTS
        | {
            "appKey": "c",
            "healthcheckUrls": ["https://c.example/", "ftp://c.example/", "https://u:p@c.example/", "https://a..b/"],
        },
        7,
    )
    with pytest.raises(InvalidAppsError) as refusal:
        load_apps(path)
    assert [line.removeprefix(str(path)) for line in str(refusal.value).splitlines()] == [
        ":2: email: Field required",
        ":3: appKey: 'com.example.charts' is in line 1 already",
        ":4: healthcheckUrls.1: URL scheme should be 'http' or 'https'",
        ":4: healthcheckUrls.2: carries a user name or password, and the URL is published with every result",
        ":4: healthcheckUrls.3: a..b cannot be the name of a host",
        ":5: The value is not a JSON object",
    ]


def test_only_what_differs_is_to_be_written() -> None:
    current = {one.app_key: one for one in (app("a"), app("b"), app("c"))}
    found = changes(current, [app("a"), app("b", name="New"), app("d")])
    assert (set(found.unchanged), set(found.changed), set(found.added)) == ({"a"}, {"b"}, {"d"})
    assert found.changed["b"].name == "New"
    assert found.left == {"c"}


def test_a_record_under_another_key_is_no_app() -> None:
    value = orjson.dumps(CHARTS)
    assert read_app(b"com.example.charts", value) == app("com.example.charts")
    assert read_app(b"com.example.other", value) is None
    assert read_app(None, value) is None
    assert read_app(b"com.example.charts", b"{}") is None
    assert read_app(b"com.example.charts", None) is None
