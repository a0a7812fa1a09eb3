"""Every example is a test: the good are read alike, the bad are refused with the complaint they state."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema_rs import Draft4Validator
from pydantic import BaseModel, ValidationError

from schemas import EVENTS, TOPICS, WebhookDelivery, complaint
from schemas.json_schema import DIRECTORY
from schemas.json_text import read_json
from schemas.wire import EventDecoder

EXAMPLES = DIRECTORY.parent / "examples"


def files(kind: str, *, of: Mapping[str, type[BaseModel]]) -> list[Any]:
    found = [file for topic in of for file in sorted((EXAMPLES / kind / topic).glob("*.json"))]
    return [pytest.param(file, id=f"{file.parent.name}/{file.stem}") for file in found]


def test_every_topic_has_good_and_bad_examples() -> None:
    good = {directory.name for directory in (EXAMPLES / "good").iterdir()}
    bad = {directory.name for directory in (EXAMPLES / "bad").iterdir()}
    assert good == set(TOPICS)
    assert bad == {*TOPICS, "not-json"}


@pytest.mark.parametrize("file", files("good", of=TOPICS))
def test_good_example_is_a_record(file: Path) -> None:
    model = TOPICS[file.parent.name]
    record = model.model_validate(read_json(file.read_bytes()))
    assert model.model_validate(orjson.loads(record.model_dump_json())) == record


@pytest.mark.parametrize("file", files("good", of=EVENTS))
def test_good_event_is_decoded_with_the_same_values(file: Path) -> None:
    """The fast way, but for half a surrogate pair: msgspec takes that for no JSON, and leaves it to the model."""
    model = EVENTS[file.parent.name]
    raw = file.read_bytes()
    [event] = EventDecoder(model).decode([raw])
    if event is None:
        assert b"\\ud83d" in raw
    else:
        read = model.model_validate(read_json(raw))
        assert {name: getattr(event, name) for name in model.model_fields if name != "error"} == {
            name: value for name, value in read if name != "error"
        }


@pytest.mark.parametrize("file", files("bad", of=TOPICS))
def test_bad_example_is_refused_for_the_reason_it_states(file: Path) -> None:
    example = read_json(file.read_bytes())
    with pytest.raises(ValidationError) as refusal:
        TOPICS[file.parent.name].model_validate(example["record"])
    assert example["why"] in complaint(refusal.value)


@pytest.mark.parametrize("file", files("bad", of=EVENTS))
def test_bad_event_is_refused_by_the_fast_decoder_too(file: Path) -> None:
    record = file.read_bytes().partition(b'"record": ')[2].strip()[:-1]
    assert EventDecoder(EVENTS[file.parent.name]).decode([record]) == [None]


@pytest.mark.parametrize("file", [pytest.param(f, id=f.stem) for f in sorted((EXAMPLES / "bad/not-json").iterdir())])
def test_what_is_not_json_is_refused_by_all(file: Path) -> None:
    raw = file.read_bytes()
    with pytest.raises(orjson.JSONDecodeError):
        read_json(raw)
    assert EventDecoder(WebhookDelivery).decode([raw]) == [None]


BEYOND_A_SCHEMA = {
    "client-key-with-half-a-surrogate-pair",
    "leap-second-at-lunch-time",
    "time-before-the-year-2000",
    "time-in-2101",
    "time-on-a-day-that-never-was",
}
"""What is wrong with these no JSON Schema can say."""


@pytest.mark.parametrize("file", files("good", of=EVENTS))
def test_the_published_schema_takes_good_events(file: Path) -> None:
    assert published(file.parent.name).is_valid(json.loads(file.read_bytes()))


@pytest.mark.parametrize("file", files("bad", of=EVENTS))
def test_the_published_schema_refuses_bad_events(file: Path) -> None:
    if file.stem not in BEYOND_A_SCHEMA:
        assert not published(file.parent.name).is_valid(json.loads(file.read_bytes())["record"])


def published(topic: str) -> Draft4Validator:
    return Draft4Validator(orjson.loads((DIRECTORY / f"{topic}.schema.json").read_bytes()))
