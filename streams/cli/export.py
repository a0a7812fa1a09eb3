"""`slo-streams export`: the input records as lines that `slo-streams replay` reads."""

import sys
from typing import Annotated, Final

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from streams.cli.shared.ask import ask, settings_or_fail
from streams.cli.shared.failure import fail
from streams.cli.shared.moment import moment_or_ago_ms
from streams.cli.shared.text import error_console
from streams.names import Topics
from streams.plural import number_of
from streams.replay.export import Span, export
from streams.replay.line import line_of
from streams.settings import Settings

_SHOWN_EVERY: Final = 1_000  # records
_WHEN: Final = "RFC 3339, epoch ms, or how long ago, as 2h."


def export_(
    topic: Annotated[
        list[str] | None, typer.Option(help="Only this topic, as webhook or slo.webhook.v1; may be given again.")
    ] = None,
    from_: Annotated[
        int | None,
        typer.Option("--from", metavar="TIME", parser=moment_or_ago_ms, help=f"Events that came since then: {_WHEN}"),
    ] = None,
    to: Annotated[
        int | None,
        typer.Option(metavar="TIME", parser=moment_or_ago_ms, help="Only what came before then; the same forms."),
    ] = None,
) -> None:
    """Write events, app catalogue and exclusions as JSON lines, for `slo-streams replay`.

    Reads what is committed, from the beginning or --from to where the topics end now, in the order of time; joins no
    consumer group, so it disturbs nobody. Times are Kafka's timestamps. Catalogue and exclusions are written from their
    beginning, whatever --from says: an app that was listed last year is still listed. Each line has the record as it
    is: {"topic", "partition", "offset", "timestamp", "key", "headers", "value"}.

    A replay of a part begins with empty windows, as a new worker does: export one window more than you want to judge.

    \b
    Examples:
      slo-streams export > input.ndjson
      slo-streams export --topic webhook --from 24h | gzip > webhooks.ndjson.gz
      slo-streams export --from 24h | slo-streams replay --objectives new.yaml

    \b
    Exit codes:
      0  written
      1  a topic is not there, or a disk is full
      2  an option or a setting cannot be used
      69 no broker answers
    """
    settings = settings_or_fail()
    topics = [_topic(name, settings.topics) for name in topic or (*settings.topics.inputs, *settings.topics.reference)]
    ask(settings, _export(settings, topics, Span(from_, to)))


def _topic(name: str, topics: Topics) -> str:
    """The name of a topic on the brokers; one that a replay does not read ends the command."""
    short = {full.removeprefix(topics.prefix).removesuffix(".v1"): full for full in topics.key_fields}
    if name not in (*short, *short.values()):
        fail(f"{name} is no input topic; choose {', '.join(short)}", code=2)
    return short.get(name, name)


async def _export(settings: Settings, topics: list[str], span: Span) -> None:
    console = error_console()
    columns = (TextColumn("export"), BarColumn(), TimeRemainingColumn())
    written = 0
    async with export(settings, topics, span) as log:
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task("export", total=1)
            async for record in log.records():
                sys.stdout.buffer.write(line_of(record.topic, record.partition, record) + b"\n")
                written += 1
                if written % _SHOWN_EVERY == 0:
                    progress.update(task, completed=log.progress)
    sys.stdout.buffer.flush()
    console.print(number_of(written, "record"))
