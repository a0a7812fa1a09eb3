"""`slo-streams topics`: the topics the product needs, and whether they are as it needs them."""

from collections.abc import Mapping
from typing import Annotated

import typer
from rich.text import Text

from streams.cli.ask import ask, settings_or_fail
from streams.cli.failure import fail
from streams.cli.text import console, plain_table
from streams.kafka.cluster import Topic, admin_client, cleanup_policies, existing_topics
from streams.kafka.topics import TopicSpec, UnusableClusterError, fault_of, prepare_topics, topics_needed
from streams.settings import Settings

_FINE = "ok"


def topics(
    create: Annotated[
        bool, typer.Option("--create", help="Create what is missing; what exists is left as it is.")
    ] = False,
) -> None:
    """Show every topic that is needed: its shape, and what is wrong with it.

    SLO_PARTITIONS and SLO_REPLICATION_FACTOR are for new topics; a changelog gets as many partitions as its input.

    \b
    Examples:
      slo-streams topics
      SLO_REPLICATION_FACTOR=1 slo-streams topics --create

    \b
    Exit codes:
      0  every topic is there and as it should be
      1  a topic is missing or wrong, or no broker answers
      2  an option or a setting cannot be used
    """
    settings = settings_or_fail()
    if create:
        try:
            created = ask(settings, prepare_topics(settings))
        except UnusableClusterError as problem:
            fail(str(problem))
        for name in created:
            typer.echo(f"created {name}")
    existing, policies = ask(settings, _look(settings))
    needed = topics_needed(settings)
    verdicts = {spec.name: _verdict(spec, existing, policies) for spec in needed}
    table = plain_table("topic", "partitions", "replication", "cleanup", "")
    for spec in needed:
        topic = existing.get(spec.name)
        verdict = verdicts[spec.name]
        cells = (
            ("", "", "")
            if topic is None
            else (str(topic.partitions), str(topic.replication), policies.get(spec.name, "hidden"))
        )
        table.add_row(spec.name, *cells, Text(verdict, style="green" if verdict == _FINE else "red"))
    console().print(table)
    if any(spec.name not in existing for spec in needed):
        typer.echo("What is missing, a worker creates when it starts, or: slo-streams topics --create")
    if set(verdicts.values()) != {_FINE}:
        raise typer.Exit(1)


async def _look(settings: Settings) -> tuple[dict[str, Topic], dict[str, str]]:
    names = {spec.name for spec in topics_needed(settings)}
    async with admin_client(settings) as admin:
        existing = {name: topic for name, topic in (await existing_topics(admin)).items() if name in names}
        return existing, await cleanup_policies(admin, existing)


def _verdict(spec: TopicSpec, existing: Mapping[str, Topic], policies: Mapping[str, str]) -> str:
    return "missing" if spec.name not in existing else fault_of(spec, existing, policies) or _FINE
