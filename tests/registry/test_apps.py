"""The catalogue in a file: checked as a whole, every fault with its line; and what it changes."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.apps import App
from streams.kafka.chunk import Header
from streams.names import Topics
from streams.registry.apps import InvalidAppsError, changes, learn, load_apps
from streams.registry.write import to_json
from streams.replay import ReplayRecord

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
        ":4: healthcheckUrls.2: carries a user name or password, which would be seen wherever the URL is",
        ":4: healthcheckUrls.3: a..b cannot be the name of a host",
        ":5: The value is not a JSON object",
    ]


def test_an_app_that_workers_would_reject_for_its_size_is_refused(tmp_path: Path) -> None:
    def of_size(size: int) -> dict[str, Any]:
        left = size - len(to_json(App.model_validate(CHARTS)))
        keys = ["k" * 100] * (left // 103)
        return CHARTS | {"excludedClientKeys": keys, "name": CHARTS["name"] + "n" * (left - 103 * len(keys) + 1)}

    largest, larger = of_size(65_536), of_size(65_537)
    assert [len(to_json(App.model_validate(one))) for one in (largest, larger)] == [65_536, 65_537]
    (taken,) = load_apps(ndjson(tmp_path, largest))
    record = ReplayRecord(Topics().apps, taken.app_key.encode(), to_json(taken), 0, 0)
    assert learn({}, Topics(), record) is None
    with pytest.raises(InvalidAppsError, match=r":1: 65,537 bytes as a record; at most 65,536: take out"):
        load_apps(ndjson(tmp_path, larger))


def test_only_what_differs_is_to_be_written() -> None:
    current = {one.app_key: one for one in (app("a"), app("b"), app("c"))}
    found = changes(current, [app("a"), app("b", name="New"), app("d")])
    assert (set(found.unchanged), set(found.changed), set(found.added)) == ({"a"}, {"b"}, {"d"})
    assert found.changed["b"].name == "New"
    assert found.left == {"c"}


def record(value: bytes | None, *headers: Header, key: bytes | None = b"com.example.charts") -> ReplayRecord:
    return ReplayRecord(Topics().apps, key, value, 1_772_452_800_000, 0, headers)


STRUCTURED = ("content-type", b"application/cloudevents+json")
ENVELOPE = {"specversion": "1.0", "id": "1", "source": "s", "type": "t", "data": CHARTS}


@pytest.mark.parametrize(
    "taken",
    [
        record(orjson.dumps(CHARTS)),
        record(orjson.dumps(ENVELOPE), STRUCTURED),
        record(orjson.dumps(CHARTS)[:-1] + rb',"tier":"\ud83d"}'),  # half a letter where nobody reads
    ],
)
def test_an_app_is_known_however_a_worker_would_read_it(taken: ReplayRecord) -> None:
    apps: dict[str, App] = {}
    assert learn(apps, Topics(), taken) is None
    assert apps == {"com.example.charts": app("com.example.charts")}


@pytest.mark.parametrize(
    "unusable",
    [
        record(orjson.dumps(CHARTS), key=b"com.example.other"),
        record(orjson.dumps(CHARTS), key=None),
        record(orjson.dumps(CHARTS)[:-1] + b',"tier":NaN}'),
        record(b"{}"),
        record(b""),
    ],
)
def test_what_a_worker_cannot_use_changes_nothing(unusable: ReplayRecord) -> None:
    apps = {"com.example.charts": app("com.example.charts", name="Before")}
    assert learn(apps, Topics(), unusable) is not None
    assert apps["com.example.charts"].name == "Before"


def test_an_app_without_a_value_is_withdrawn() -> None:
    apps = {"com.example.charts": app("com.example.charts")}
    assert learn(apps, Topics(), record(None)) is None
    assert not apps
