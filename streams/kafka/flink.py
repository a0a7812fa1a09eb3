"""The topics as tables of Flink SQL, made from their specs and schemas.

Source: the connectors `kafka` and `upsert-kafka`, and the format `json`, of Flink 2.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel

from schemas import TOPICS
from streams.kafka.specs import TopicSpec
from streams.settings import Settings

_KEY: Final = "record_key"
_SIMPLE: Final = {"string": "STRING", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN"}
_TIME: Final = "`record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL"
_HEADERS: Final = "`record_headers` MAP<STRING, BYTES> METADATA FROM 'headers' VIRTUAL"


def flink_tables(settings: Settings, topics: Sequence[TopicSpec]) -> str:
    """A CREATE TABLE for each topic that has a schema; those of the product's own state have none.

    Only what is committed is read. A compacted topic is a changelog by its key: Flink sees the latest of each.
    """
    models = _models(settings)
    known = {spec.name: spec for spec in topics if spec.name in models}
    return "\n".join(_table(settings, spec, models[name]) for name, spec in known.items())


def _models(settings: Settings) -> dict[str, type[BaseModel] | None]:
    """Topic -> what its values are; None: any bytes."""
    topics = settings.topics
    found: dict[str, type[BaseModel] | None] = {
        **{name: metric.model for name, metric in topics.shown.items()},
        topics.apps: TOPICS["apps"],
        topics.exclusions: TOPICS["exclusions"],
        topics.installations: TOPICS["installations"],
        topics.alerts: TOPICS["alerts"],
        topics.alert_state: TOPICS["alerts"],
        topics.heartbeat: TOPICS["heartbeat"],
        topics.incidents: TOPICS["incidents"],
        topics.standing: TOPICS["standing"],
        topics.rejected: None,
    }
    return found


def _table(settings: Settings, spec: TopicSpec, model: type[BaseModel] | None) -> str:
    lines = [f"`{_KEY}` STRING", *([_HEADERS, "`record_value` BYTES"] if model is None else _columns(model)), _TIME]
    if spec.is_compacted:
        lines[0] += " NOT NULL"
        lines.append(f"PRIMARY KEY (`{_KEY}`) NOT ENFORCED")
    else:
        lines.append("WATERMARK FOR `record_time` AS `record_time`")
    options = _options(settings, spec, is_json=model is not None)
    written = ",\n".join(f"  '{name}' = '{_quoted(value)}'" for name, value in options.items())
    return f"CREATE TABLE `{spec.name}` (\n  " + ",\n  ".join(lines) + f"\n) WITH (\n{written}\n);\n"


def _options(settings: Settings, spec: TopicSpec, *, is_json: bool) -> dict[str, str]:
    value = {"value.format": "json", "value.json.ignore-parse-errors": "true"} if is_json else {"value.format": "raw"}
    return {
        "connector": "upsert-kafka" if spec.is_compacted else "kafka",
        "topic": spec.name,
        "properties.bootstrap.servers": settings.bootstrap_servers,
        "properties.isolation.level": "read_committed",
        **({} if spec.is_compacted else {"scan.startup.mode": "earliest-offset", "key.fields": _KEY}),
        "key.format": "raw",
        **value,
        "value.fields-include": "EXCEPT_KEY",
    }


def _columns(model: type[BaseModel]) -> Iterator[str]:
    schema = model.model_json_schema()
    for name, of in schema["properties"].items():
        yield f"`{name}` {_type(of, schema.get('$defs', {}))}"


def _type(of: Mapping[str, Any], named: Mapping[str, Any]) -> str:
    """The type of a value; text for what may be of several kinds, as a time of text or number: Flink writes it so."""
    if "$ref" in of:
        return _type(named[of["$ref"].rsplit("/", 1)[-1]], named)
    if "anyOf" in of:
        kinds = {_type(one, named) for one in of["anyOf"] if one.get("type") != "null"}
        return kinds.pop() if len(kinds) == 1 else "STRING"
    kind = of.get("type")
    if kind == "array":
        return f"ARRAY<{_type(of['items'], named)}>"
    if kind == "object" and "properties" in of:
        fields = ", ".join(f"`{name}` {_type(one, named)}" for name, one in of["properties"].items())
        return f"ROW<{fields}>"
    if kind == "object":
        values = of.get("additionalProperties")
        return f"MAP<STRING, {_type(values, named) if isinstance(values, Mapping) else 'STRING'}>"
    return _SIMPLE.get(str(kind), "STRING")


def _quoted(text: str) -> str:
    return text.replace("'", "''")
