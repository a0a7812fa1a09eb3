"""`slo-streams topics`: the topics the product needs, and whether they are as it needs them."""

from collections.abc import Container, Mapping
from typing import Annotated

import typer
import yaml
from rich.text import Text

from streams.cli.shared.ask import ask, settings_or_fail
from streams.cli.shared.failure import fail
from streams.cli.shared.json_text import print_json
from streams.cli.shared.table import Column, Table
from streams.cli.shared.text import console
from streams.exits import ExitCode
from streams.gateway.topics_needed import own_topics
from streams.kafka.cluster import Topic, admin_client, existing_topics, topic_settings
from streams.kafka.flink import flink_tables
from streams.kafka.specs import (
    TopicSpec,
    cautions_of,
    fault_of,
    synthetic_topic,
    topics_needed,
    topics_of_desk,
)
from streams.kafka.strimzi import strimzi_resources
from streams.kafka.topic_setup import UnreachableClusterError, UnusableClusterError, ensure_topics
from streams.settings import Settings

_FINE = "ok"
_MISSING = "missing"
_NOT_THERE = {service: f"not there: only slo-streams {service} needs it" for service in ("gateway", "notifier")}
_SHORT = (_FINE, _MISSING, *_NOT_THERE.values())
_HIDDEN = {"cleanup.policy": "hidden"}
_STYLES = {_FINE: "green", **dict.fromkeys(_NOT_THERE.values(), "dim")}  # of what is as it should be


def topics(
    create: Annotated[
        bool, typer.Option("--create", help="Create what is missing; what exists is left as it is.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON array, one object for each topic.")] = False,
    strimzi: Annotated[
        str | None,
        typer.Option(metavar="CLUSTER", help="Print resources for Strimzi's operators instead, and ask no broker."),
    ] = None,
    flink: Annotated[
        bool, typer.Option("--flink", help="Print tables of Flink SQL instead, and ask no broker.")
    ] = False,
) -> None:
    """Show every topic of the product: its shape, and what is wrong with it.

    --create takes the right to create topics and to describe them, no other.

    SLO_PARTITIONS and SLO_REPLICATION_FACTOR are for new topics; a changelog gets as many partitions as its input.

    \b
    Examples:
      slo-streams topics
      SLO_REPLICATION_FACTOR=1 slo-streams topics --create
      slo-streams topics --strimzi my-cluster | kubectl apply -f -
      slo-streams topics --flink > tables.sql

    \b
    Exit codes:
      0  every topic is there and as it should be
      1  a topic is missing or wrong
      2  an option or a setting cannot be used
      69 no broker answers
    """
    settings = settings_or_fail()
    of_others = {"gateway": own_topics(settings), "notifier": topics_of_desk(settings)}
    needed = [*topics_needed(settings), *(spec for specs in of_others.values() for spec in specs)]
    if strimzi is not None:
        resources = strimzi_resources(settings, needed, strimzi)
        typer.echo(yaml.safe_dump_all(resources, explicit_start=True, sort_keys=False), nl=False)
        return
    if flink:
        typer.echo(flink_tables(settings, [*needed, synthetic_topic(settings)]), nl=False)
        return
    if create:
        try:
            created = ask(settings, ensure_topics(settings, needed, {}))
        except UnreachableClusterError as problem:
            fail(str(problem), code=ExitCode.UNAVAILABLE)
        except UnusableClusterError as problem:
            fail(str(problem))
        for name in created:
            typer.echo(f"created {name}", err=as_json)
    existing, set_to = ask(settings, _look(settings, {spec.name for spec in needed}))
    verdicts = {spec.name: _verdict(spec, existing, set_to) for spec in needed}
    for service, specs in of_others.items():
        verdicts |= {spec.name: _NOT_THERE[service] for spec in specs if spec.name not in existing}
    shapes = {name: _shape(topic, set_to.get(name, _HIDDEN)) for name, topic in existing.items()}
    cautions = [
        (spec.name, said, command)
        for spec in needed
        for said, command in cautions_of(spec, set_to.get(spec.name, {}), settings.bootstrap_servers)
    ]
    if as_json:
        said_of = {name: [said for of, said, _ in cautions if of == name] for name in verdicts}
        documents = [
            {"topic": name, **shapes.get(name, {}), "state": verdict, "cautions": said_of[name]}
            for name, verdict in verdicts.items()
        ]
        print_json(documents)
    else:
        _table(verdicts, shapes).print(console())
        for name, said, command in cautions:
            typer.echo(f"{name} {said}. To mend it:\n  {command}")
        if _MISSING in verdicts.values():
            typer.echo("What is missing, a worker creates when it starts, or: slo-streams topics --create")
    if not _STYLES.keys() >= set(verdicts.values()):
        raise typer.Exit(1)


def _table(verdicts: Mapping[str, str], shapes: Mapping[str, Mapping[str, int | str]]) -> Table:
    table = Table(
        Column("topic"),
        Column("partitions", rank=1, is_number=True),
        Column("replication", rank=3, is_number=True),
        Column("cleanup", rank=2),
        Column("state"),
        Column("why", is_long=True),
    )
    for name, verdict in verdicts.items():
        state, _, why = verdict.partition(": ") if verdict in _SHORT else ("wrong", "", verdict)
        cells = [str(value) for value in shapes.get(name, dict.fromkeys(("", " ", "  "), "")).values()]
        table.add(name, *cells, Text(state, _STYLES.get(verdict, "red")), why)
    return table


def _shape(topic: Topic, set_to: Mapping[str, str]) -> dict[str, int | str]:
    return {"partitions": topic.partitions, "replication": topic.replication, "cleanup": set_to["cleanup.policy"]}


async def _look(settings: Settings, names: Container[str]) -> tuple[dict[str, Topic], dict[str, dict[str, str]]]:
    async with admin_client(settings) as admin:
        existing = {name: topic for name, topic in (await existing_topics(admin)).items() if name in names}
        return existing, await topic_settings(admin, existing)


def _verdict(spec: TopicSpec, existing: Mapping[str, Topic], set_to: Mapping[str, Mapping[str, str]]) -> str:
    return _MISSING if spec.name not in existing else fault_of(spec, existing, set_to) or _FINE
