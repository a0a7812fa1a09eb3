"""The reference pages, made from the code: settings, annotations, targets, topics, commands, metrics, HTTP calls."""

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, Final

import orjson
from prometheus_client import CollectorRegistry, generate_latest
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from typer.core import TyperGroup

from schemas import TOPICS
from streams.cli.app import COMMANDS
from streams.dashboard.settings import DashboardSettings
from streams.database.settings import DatabaseSettings
from streams.durations import duration_ms
from streams.exits import MEANINGS
from streams.gateway.metrics import GatewayMetrics
from streams.gateway.settings import GatewaySettings
from streams.health.condition import ClockCondition, Condition
from streams.health.metrics import Metrics
from streams.health.process_metrics import process_registry
from streams.history.published import PublishedAlerts, rows_to_fold
from streams.history.settings import HistorySettings
from streams.kafka.specs import topics_needed
from streams.names import Topics
from streams.notifier.settings import NotifierSettings
from streams.notifier.tally import Tally
from streams.notifier.target_file.entry import EVENTS, MACHINES, ChannelName, Entry, Role
from streams.objectives.annotations import ANNOTATIONS
from streams.prober.metrics import ProberMetrics
from streams.prober.prober import Counts
from streams.settings import Settings
from streams.watch.metrics import WatchMetrics

DIRECTORY: Final = Path(__file__).parent / "pages" / "reference"
_API: Final = Path(__file__).parents[1] / "api"
_MADE: Final = "<!-- Made from the code by `make docs-reference`: change it there. -->\n"


def pages() -> dict[str, str]:
    """Name of each page -> its text."""
    made = {
        "settings.md": ("Settings", _settings()),
        "annotations.md": ("Annotations of objectives", _annotations()),
        "targets.md": ("Targets file", _targets()),
        "topics.md": ("Topics", _topics()),
        "commands.md": ("Commands", _commands()),
        "exit-codes.md": ("Exit codes", _exit_codes()),
        "metrics.md": ("Metrics", _metrics()),
        "http.md": ("HTTP interface", _http()),
    }
    return {name: f"# {title}\n\n{_MADE}\n" + "\n".join(lines).rstrip() + "\n" for name, (title, lines) in made.items()}


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield f"| {' | '.join(_cell(cell) for cell in row)} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


# Settings


def _settings() -> Iterator[str]:
    yield "Environment variables, read once at start; all faults are reported at once. Durations are written `10s`,"
    yield "`500ms`, `1m`, or as seconds. A variable that ends in `_FILE` names a file that holds the secret instead."
    yield ""
    yield from _settings_table(Settings.model_fields)
    kinds: tuple[tuple[str, type[Settings], type[Settings]], ...] = (
        ("The gateway's own", GatewaySettings, Settings),
        ("The database's", DatabaseSettings, Settings),
        ("The history's own", HistorySettings, DatabaseSettings),
        ("The notifier's own", NotifierSettings, DatabaseSettings),
        ("The dashboard's own", DashboardSettings, HistorySettings),
    )
    for title, kind, base in kinds:
        yield f"\n## {title}\n"
        yield from _settings_table({n: f for n, f in kind.model_fields.items() if n not in base.model_fields})


def _settings_table(fields: Mapping[str, FieldInfo]) -> Iterator[str]:
    rows = ((f"`SLO_{name.upper()}`", _default(field), field.description or "") for name, field in fields.items())
    yield from _table(("variable", "default", "meaning"), rows)


def _default(field: FieldInfo) -> str:
    match field.default:
        case None | "" | SecretStr():
            return ""
        case bool() as switch:
            return f"`{str(switch).lower()}`"
        case Enum() as choice:
            return f"`{choice.value}`"
        case frozenset() as some:
            return f"`{','.join(map(str, sorted(some)))}`"
        case int() as number if any(getattr(rule, "func", None) is duration_ms for rule in field.metadata):
            return f"`{_duration(number)}`"
        case other:
            return f"`{other}`"


def _duration(ms: int) -> str:
    for unit, size_ms in (("d", 86_400_000), ("m", 60_000), ("s", 1_000)):
        if ms and ms % size_ms == 0 and ms // size_ms < 1_000 and (unit == "s" or ms >= 5 * size_ms):
            return f"{ms // size_ms}{unit}"
    return f"{ms}ms" if ms else "0"


# Annotations


def _annotations() -> Iterator[str]:
    yield "What OpenSLO has no field for stands in `metadata.annotations` of an object. Those of other tools are passed"
    yield "over; one of ours that is not listed here, or stands at another kind of object, is refused. Durations are"
    yield "written with their unit: `30s`, `15m`, `24h`, `7d`."
    for kind in dict.fromkeys(annotation.kind for annotation in ANNOTATIONS):
        yield f"\n## {kind}\n"
        rows = ((f"`{it.name}`", it.meaning, it.allowed, it.default) for it in ANNOTATIONS if it.kind == kind)
        yield from _table(("annotation", "meaning", "may be", "default"), rows)


# Targets


def _targets() -> Iterator[str]:
    yield "What `SLO_TARGETS` names: YAML or JSON, a list of targets. How each channel is set up:"
    yield "[tell your team](../how-to/tell-your-team.md). `slo-streams targets check FILE` says what is wrong with one."
    yield ""
    rows = (
        (f"`{name}`", "yes" if field.is_required() else "", field.description or "")
        for name, field in Entry.model_fields.items()
    )
    yield from _table(("field", "required", "meaning"), rows)
    yield "\nOf `partner`, `app` and `all` there is one, or a `role` alone."
    for name, values in (("channel", ChannelName), ("events", EVENTS), ("role", Role)):
        yield f"\n`{name}`: {', '.join(f'`{value}`' for value in values)}."
    yield f"\nBy default a program reads: {', '.join(f'`{name}`' for name in sorted(MACHINES))}."


# Topics


def _topics() -> Iterator[str]:
    yield "Names under the default prefix `slo.`; what is created has these settings, what exists is left as it is and"
    yield "named by `slo-streams doctor` where it differs. JSON Schemas: `schemas/json`; examples, good and bad:"
    yield "`schemas/examples`; all in one: `schemas/asyncapi.json`."
    specs = {spec.name: spec for spec in topics_needed(Settings())}
    for name, model in TOPICS.items():
        topic = f"slo.{name}.v1"
        yield f"\n## {topic}\n"
        yield inspect.cleandoc(inspect.getmodule(model).__doc__ or model.__doc__ or "")
        if topic in specs:
            config = ", ".join(f"`{key}={value}`" for key, value in specs[topic].config.items())
            yield f"\nCreated with {config}."
        yield ""
        schema = model.model_json_schema(by_alias=True)
        needed = set(schema.get("required", ()))
        rows = (
            (f"`{field}`", "yes" if field in needed else "", _type(told), str(told.get("description", "")))
            for field, told in schema["properties"].items()
        )
        yield from _table(("field", "required", "type", "meaning"), rows)


def _type(told: Mapping[str, Any]) -> str:
    if "enum" in told:
        return " or ".join(f"`{value}`" for value in told["enum"])
    if "anyOf" in told:
        return " or ".join(dict.fromkeys(_type(one) for one in told["anyOf"]))
    if "$ref" in told:
        return "object"
    return str(told.get("const") or told.get("type") or "anything")


# Commands


def _commands() -> Iterator[str]:
    yield "What `slo-streams COMMAND --help` says."
    for name, command in COMMANDS.items():
        yield from _command(command.load(name), ("slo-streams", name))


def _command(command: Any, path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(command, TyperGroup):
        for name, one in sorted(command.commands.items()):
            if not one.hidden:
                yield from _command(one, (*path, name))
        return
    yield f"\n## {' '.join(path[1:])}\n"
    yield from _paragraphs(command.help or "")
    context = command.make_context(" ".join(path), [], resilient_parsing=True)
    yield f"```\n{' '.join(path)} {' '.join(command.collect_usage_pieces(context))}\n```\n"
    yield from _table(("argument, option", "meaning"), (_parameter(it, context) for it in command.params))


def _parameter(parameter: Any, context: Any) -> tuple[str, str]:
    """What `--help` says of a parameter, or its bare name where that says nothing."""
    told = parameter.get_help_record(context) or (parameter.human_readable_name, getattr(parameter, "help", "") or "")
    return f"`{told[0]}`", told[1]


def _paragraphs(text: str) -> Iterator[str]:
    """Paragraphs flow; one that is marked to stay as it is becomes a block."""
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        if paragraph.startswith("\b"):
            yield "```text" + paragraph.removeprefix("\b") + "\n```\n"
        else:
            yield " ".join(paragraph.split()).replace("<", "&lt;") + "\n"


# Exit codes, metrics, HTTP


def _exit_codes() -> Iterator[str]:
    yield "Of every command; those of services are those of sysexits.h, so that a supervisor can tell what to restart."
    yield ""
    yield from _table(("code", "meaning"), ((str(code.value), said) for code, said in MEANINGS.items()))
    yield "\nWhat each means for whoever is called: [the runbook](../how-to/runbook.md)."


def _metrics() -> Iterator[str]:
    yield "At `/metrics` of each service; names begin with `slo_streams_`. Labels are topics and closed lists, never an"
    yield "app. Beside them every process has `process_*` of Prometheus' client, and what it is made of:"
    yield ""
    told = set[str]()
    for title, about, exposition in _expositions():
        if title:
            yield f"\n## {title}\n"
            yield about
            yield ""
        yield from _table(("metric", "type", "meaning"), _metric_rows(exposition.decode(), told))


def _expositions() -> Iterator[tuple[str, str, bytes]]:
    topics = Topics()
    yield "", "", generate_latest(process_registry())
    condition = Condition(0.0, True, (), {}, clock=ClockCondition(own_ahead_s=0.0))
    worker = Metrics(lambda: condition)
    worker.watch_standby(lambda: 0.0)
    yield "Worker", "By `topic`, where not of the whole process.", worker.exposition()
    of_history = CollectorRegistry()
    of_history.register(PublishedAlerts(topics.shown))
    of_history.register(rows_to_fold(lambda: 0))
    history = Metrics(lambda: condition)
    history.watch_database(lambda: 0.0)
    also = "All of a worker's, of what it reads, and:"
    yield "History", also, history.exposition() + generate_latest(of_history)
    of_notifier = CollectorRegistry()
    of_notifier.register(Tally())
    also = "All of a worker's, of the alerts it reads, `database_away_seconds`, and:"
    yield "Notifier", also, generate_latest(of_notifier)
    yield "Prober", "Of all its URLs together.", ProberMetrics(Counts(), lambda: 0, lambda: 0, lambda: 0.0).exposition()
    told = "Producers are services by their names, and `app` for all apps."
    yield "Gateway", told, GatewayMetrics(lambda: 0, lambda: 0).exposition()
    yield "Watch", "Of `slo-streams watch --port`.", WatchMetrics(list, 0).exposition()


def _metric_rows(text: str, told: set[str]) -> Iterator[Sequence[str]]:
    """Those that no service before has."""
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    for name, said in re.findall(r"^# HELP (slo_streams_\S+) (.+)$", text, re.MULTILINE):
        if name not in told and not name.endswith("_created"):
            told.add(name)
            yield f"`{name.removeprefix('slo_streams_')}`", types.get(name, ""), said


def _http() -> Iterator[str]:
    for of, file, how in (("gateway", "openapi.json", "gateway.md"), ("dashboard", "dashboard.json", "dashboard.md")):
        yield f"## Of the {of}\n"
        yield f"The whole document is at its `/openapi.json`, and in [`{file}`](../api/{file})."
        yield f"How to use it: [the {of}](../how-to/{how})."
        yield ""
        document = orjson.loads((_API / file).read_bytes())
        rows = [
            (f"`{method.upper()} {path}`", str(call.get("summary", "")), ", ".join(call["responses"]))
            for path, calls in document["paths"].items()
            for method, call in calls.items()
            if isinstance(call, dict) and "responses" in call
        ]
        yield from _table(("call", "what it does", "answers"), rows)
        yield ""
