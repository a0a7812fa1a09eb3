"""Every example is a test: the good are read alike, the bad are refused with the complaint they state."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import BaseModel, ValidationError

from schemas import EVENTS, TOPICS, EventDecoder, WebhookDelivery, complaint
from schemas.json_schema import DIRECTORY

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
    record = model.model_validate(orjson.loads(file.read_bytes()))
    assert model.model_validate(orjson.loads(record.model_dump_json())) == record


@pytest.mark.parametrize("file", files("good", of=EVENTS))
def test_good_event_is_decoded_fast_with_the_same_values(file: Path) -> None:
    model = EVENTS[file.parent.name]
    raw = file.read_bytes()
    [event] = EventDecoder(model).decode([raw])
    decoded = {name: getattr(event, name) for name in model.model_fields}
    assert decoded == dict(model.model_validate(orjson.loads(raw)))


@pytest.mark.parametrize("file", files("bad", of=TOPICS))
def test_bad_example_is_refused_for_the_reason_it_states(file: Path) -> None:
    example = orjson.loads(file.read_bytes())
    with pytest.raises(ValidationError) as refusal:
        TOPICS[file.parent.name].model_validate(example["record"])
    assert example["why"] in complaint(refusal.value)


@pytest.mark.parametrize("file", files("bad", of=EVENTS))
def test_bad_event_is_refused_by_the_fast_decoder_too(file: Path) -> None:
    record = orjson.dumps(orjson.loads(file.read_bytes())["record"])
    assert EventDecoder(EVENTS[file.parent.name]).decode([record]) == [None]


@pytest.mark.parametrize("file", [pytest.param(f, id=f.stem) for f in sorted((EXAMPLES / "bad/not-json").iterdir())])
def test_what_is_not_json_is_refused_by_all(file: Path) -> None:
    raw = file.read_bytes()
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(raw)
    assert EventDecoder(WebhookDelivery).decode([raw]) == [None]
