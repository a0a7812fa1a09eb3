"""`schemas/asyncapi.json`: every topic in one AsyncAPI 3.0 document, made from the models, for tools that read such."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from schemas.rejected import RejectedHeaders
from schemas.topics import EVENTS, INPUTS, TOPICS

FILE: Final = Path(__file__).parent / "asyncapi.json"

_SCHEMA_REF: Final = "#/components/schemas/{model}"
_LAYOUT: Final = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
_READ: Final = {*INPUTS, "installations", "used-tokens"}
_COMPACTED: Final = {"apps", "exclusions", "installations", "alert-state", "heartbeat", "incidents", "standing"}
_KEYS: Final = {
    **dict.fromkeys((*EVENTS, "apps", "synthetic", "alerts", "standing"), "`appKey`"),
    **dict.fromkeys(("exclusions", "incidents"), "`id`"),
    "installations": "`clientKey`",
    "used-tokens": "None; all records lie on partition 0",
    "alert-state": "The compact JSON `[appKey,metricId,scope,objective]`; placed by `appKey`",
    "rejected": "As of the record that was rejected",
    "heartbeat": "The compact JSON `[applicationId,topic,partition]`",
}


@dataclass(frozen=True, slots=True)
class _Channel:
    """A topic, named without its prefix and version, and what lies on it; the product reads or writes it."""

    topic: str
    model: type[BaseModel]
    is_read: bool


def asyncapi() -> bytes:
    """Content of the file."""
    return orjson.dumps(_document(), option=_LAYOUT)


def is_stale() -> bool:
    """Whether the file in the tree is not what the models say."""
    return not FILE.exists() or FILE.read_bytes() != asyncapi()


def _channels() -> list[_Channel]:
    channels = [_Channel(topic, model, topic in _READ) for topic, model in TOPICS.items()]
    return [*channels, _Channel("alert-state", TOPICS["alerts"], is_read=False)]


def _document() -> dict[str, Any]:
    channels = _channels()
    models = dict.fromkeys(channel.model for channel in channels)
    _, schemas = models_json_schema([(model, "validation") for model in models], ref_template=_SCHEMA_REF)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "slo-streams",
            "version": "1",
            "description": "Events of marketplace apps in; breaches of their objectives, and recoveries, out. `slo.` "
            "is the default of SLO_TOPIC_PREFIX. Outputs are written in transactions: read them `read_committed`.",
        },
        "defaultContentType": "application/json",
        "channels": {channel.topic: _channel(channel) for channel in channels},
        "operations": {f"{_action(channel)}-{channel.topic}": _operation(channel) for channel in channels},
        "components": {
            "messages": {model.__name__: _message(model) for model in models},
            "schemas": schemas["$defs"],
        },
    }


def _channel(channel: _Channel) -> dict[str, Any]:
    policy = "compact" if channel.topic in _COMPACTED else "delete"
    return {
        "address": f"slo.{channel.topic}.v1",
        "title": (channel.model.__doc__ or "").partition("\n")[0],
        "description": (sys.modules[channel.model.__module__].__doc__ or "").strip(),
        "messages": {channel.model.__name__: {"$ref": f"#/components/messages/{channel.model.__name__}"}},
        "bindings": {"kafka": {"topicConfiguration": {"cleanup.policy": [policy]}, "bindingVersion": "0.5.0"}},
    }


def _message(model: type[BaseModel]) -> dict[str, Any]:
    topic = next(topic for topic, its_model in TOPICS.items() if its_model is model)
    key = {"type": "string", "description": _KEYS[topic]}
    common = {"name": model.__name__, "bindings": {"kafka": {"key": key, "bindingVersion": "0.5.0"}}}
    schema = {"$ref": _SCHEMA_REF.format(model=model.__name__)}
    if model is RejectedHeaders:
        original = {"description": "The original bytes, or their beginning."}
        return common | {"headers": schema, "contentType": "application/octet-stream", "payload": original}
    return common | {"payload": schema}


def _operation(channel: _Channel) -> dict[str, Any]:
    return {"action": _action(channel), "channel": {"$ref": f"#/channels/{channel.topic}"}}


def _action(channel: _Channel) -> str:
    return "receive" if channel.is_read else "send"
