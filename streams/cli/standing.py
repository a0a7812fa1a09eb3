"""`slo-streams standing`: where apps stand on the ladder of impact, appeals and decisions."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final

import psycopg
import typer
from rich.text import Text
from typer.core import TyperGroup

from streams.cli.shared.ask import settings_of_or_fail
from streams.cli.shared.dashed import WithIds
from streams.cli.shared.database import desk_connection, history_connection
from streams.cli.shared.failure import fail
from streams.cli.shared.json_text import print_json
from streams.cli.shared.moment import moment_ms
from streams.cli.shared.table import Column, Table
from streams.cli.shared.text import console, printable
from streams.impact import decisions
from streams.impact.decisions import DecisionRefusedError, Person, Verdict, Word
from streams.impact.document import standing_document, standings
from streams.rules import InvalidRulesError, read_rules
from streams.rules.settings import RulesSettings
from streams.standing.facts import Rules, Stage

_STYLES: Final = {
    Stage.DEMOTED: "bold red",
    Stage.DEMOTION_DUE: "red",
    Stage.REMEDIATION: "yellow",
    Stage.NOTIFIED: "cyan",
    Stage.CLEAR: "green",
}

App = Annotated[str, typer.Argument(metavar="APP", help="The appKey.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]
Who = Annotated[str, typer.Option(metavar="NAME", help="Who says it, for the record.", show_default=False)]
Why = Annotated[str, typer.Option(metavar="TEXT", help="Why, for the record.", show_default=False)]


class _Ladder(TyperGroup):
    """A word that is no command is the app to be shown."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = ["show", *args]
        return super().resolve_command(ctx, args)


standing_app = typer.Typer(name="standing", cls=_Ladder, no_args_is_help=True, subcommand_metavar="APP|COMMAND [ARGS]")


@standing_app.callback()
def _standing() -> None:
    """Where apps stand on the ladder of impact, and what persons decide of it.

    CLEAR, NOTIFIED (an episode of breaches counts), REMEDIATION (three do), DEMOTION_DUE (they go on, or a target is
    missed twice running), DEMOTED (a person has approved it). `slo-streams notifier` keeps it up to date.

    \b
    Examples:
      slo-streams standing com.acme.charts
      slo-streams standing list
    """


@standing_app.command()
def show(app: App, as_json: AsJson = False) -> None:
    """Show where an app stands, and how it came there.

    Its episodes, changes, appeals and decisions. `slo-streams standing APP` does the same.

    \b
    Examples:
      slo-streams standing com.acme.charts
      slo-streams standing show list --json

    \b
    Exit codes:
      0   shown; an app without a breach is CLEAR
      2   a setting cannot be used
      69  the database cannot be reached
      78  the database has another schema
    """
    with history_connection(settings_of_or_fail(RulesSettings)) as connection:
        found = standing_document(connection, app)
    if as_json:
        print_json(found)
    else:
        _show(found)


@standing_app.command("list")
def list_(
    stage: Annotated[Stage | None, typer.Option(help="Only those at this stage.", show_default="all but CLEAR")] = None,
    as_json: AsJson = False,
) -> None:
    """List the apps that are not clear, the worst first.

    \b
    Examples:
      slo-streams standing list
      slo-streams standing list --stage DEMOTION_DUE --json

    \b
    Exit codes:
      0   listed, also if there are none
      2   an option, a setting or the rules cannot be used
      69  the database cannot be reached
      78  the database has another schema
    """
    settings = settings_of_or_fail(RulesSettings)
    period_ms = _rules_or_fail(settings).period_ms
    with history_connection(settings) as connection:
        found = standings(connection, period_ms, stage)
    if as_json:
        print_json(found)
        return
    if not found:
        typer.echo("No app stands there." if stage else "Every app is clear.")
        return
    table = Table(
        Column("stage"),
        Column("app"),
        Column("since", rank=1),
        Column("counted", rank=2, is_number=True),
        Column("because of", rank=3),
    )
    for one in found:
        reason = "REVIEW_DUE" if one["reviewDue"] else one["reason"] or ""
        table.add(one["stage"], printable(one["appKey"]), one["since"], str(one["counted"]), reason)
    table.print(console())


@standing_app.command(cls=WithIds)
def appeal(
    app: App,
    incident: Annotated[str, typer.Argument(metavar="INCIDENT", help="The incidentId.", show_default=False)],
    who: Who,
    why: Why,
    as_json: AsJson = False,
) -> None:
    """Put on record that a breach should not count.

    A person accepts or rejects it with `slo-streams standing decide`.

    \b
    Example:
      slo-streams standing appeal com.acme.charts q1mXo8Hc5vE \\
        --who pat@acme.example --why "our CDN was cut off by the platform"

    \b
    Exit codes:
      0   on record; the output has its number
      1   the app has no such incident that counts, or it is
          appealed against already
      2   an option or a setting cannot be used
      69  the database cannot be reached
      78  the database has another schema
    """
    with _deciding(settings_of_or_fail(RulesSettings)) as connection:
        number = decisions.appeal(connection, app, incident, Person(who, why))
    if as_json:
        print_json({"appeal": number, "appKey": app, "incidentId": incident})
    else:
        typer.echo(
            f"Appeal {number} is on record. To decide it: slo-streams standing decide {printable(app)} accept-appeal "
            f"--appeal {number} --who NAME --why TEXT (or reject-appeal)."
        )


def _word(text: str) -> Word:
    try:
        return Word(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is none of {', '.join(Word)}", param_hint="DECISION") from None


@standing_app.command()
def decide(
    app: App,
    decision: Annotated[str, typer.Argument(metavar="DECISION", help=f"One of {', '.join(Word)}.", show_default=False)],
    who: Who,
    why: Why,
    stage: Annotated[Stage | None, typer.Option(help="Of an override: where it stands.", show_default=False)] = None,
    until: Annotated[
        int | None,
        typer.Option(parser=moment_ms, metavar="TIME", help="Of an override: when it ends.", show_default="when ended"),
    ] = None,
    number: Annotated[
        int | None, typer.Option("--appeal", metavar="N", help="Of an appeal: its number.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Decide of a demotion, an override or an appeal.

    Approve or reject a demotion that is due, reinstate a demoted app, set it to a stage until a time or until that is
    ended, accept or reject an appeal. It takes effect within seconds, while a notifier runs. Nothing is ever deleted:
    decide otherwise to correct it.

    \b
    Examples:
      slo-streams standing decide com.acme.charts approve \\
        --who kim --why "agreed with the partner on 24 March"
      slo-streams standing decide com.acme.charts override --stage CLEAR \\
        --until 2026-12-24T00:00:00Z --who kim --why "migration"
      slo-streams standing decide com.acme.charts accept-appeal \\
        --appeal 7 --who kim --why "our fault, see INC-12"

    \b
    Exit codes:
      0   on record
      1   it is not due, or there is no such appeal
      2   an option, a setting or the rules cannot be used
      69  the database cannot be reached
      78  the database has another schema
    """
    word = _word(decision)
    try:
        verdict = Verdict(word, stage, until, number)
    except DecisionRefusedError as problem:
        raise typer.BadParameter(str(problem), param_hint="--stage, --until, --appeal") from None
    settings = settings_of_or_fail(RulesSettings)
    rules = _rules_or_fail(settings)
    with _deciding(settings) as connection:
        decisions.put_on_record(connection, app, verdict, Person(who, why), rules)
    if as_json:
        print_json({"appKey": app, "decision": word, "stage": stage, "appeal": number})
    else:
        typer.echo(f"On record: {word} for {printable(app)}. slo-streams standing {printable(app)} shows what it does.")


@contextmanager
def _deciding(settings: RulesSettings) -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:
    """A connection for what a person says; what is refused ends the command with the reason."""
    with desk_connection(settings) as connection:
        try:
            yield connection
        except DecisionRefusedError as problem:
            fail(str(problem))


def _rules_or_fail(settings: RulesSettings) -> Rules:
    try:
        return read_rules(settings.rules).standing
    except InvalidRulesError as problem:
        fail(str(problem), code=2)


def _show(found: dict[str, Any]) -> None:
    out = console()
    stage = Stage(found["stage"])
    since = f" since {found['since']}" if found["since"] and found["reason"] else ""
    review = "; a review of the demotion is due" if found["reviewDue"] else ""
    line = Text.assemble(f"{printable(found['appKey'])}: ", (stage, _STYLES[stage]), f"{since}{review}")
    out.print(line, soft_wrap=True)
    episodes = Table(
        Column("from"), Column("to"), Column("breaches", is_number=True), Column("counts"), Column("why", is_long=True),
        title="Episodes",
    )  # fmt: skip
    for one in found["episodes"]:
        counts = "yes" if one["counts"] else "no"
        why = printable(one["why"] or "")
        episodes.add(one["start"], one["end"] or "still open", str(len(one["incidentIds"])), counts, why)
    changes = Table(
        Column("time"), Column("from"), Column("to"), Column("because of"), Column("told", rank=1), title="Changes"
    )
    for one in found["changes"]:
        changes.add(one["since"], one["former"], one["stage"], one["reason"], one["toldAt"])
    appeals = Table(
        Column("no.", is_number=True), Column("time"), Column("incident"), Column("who"), Column("why", is_long=True),
        title="Appeals",
    )  # fmt: skip
    for one in found["appeals"]:
        appeals.add(str(one["id"]), one["time"], one["incidentId"], printable(one["who"]), printable(one["why"]))
    decided = Table(
        Column("time"), Column("decision"), Column("of"), Column("who"), Column("why", is_long=True), title="Decisions"
    )
    for one in found["decisions"]:
        until = f" until {one['until']}" if one["until"] else ""
        of = f"appeal {one['appeal']}" if one["appeal"] else f"{one['stage'] or ''}{until}"
        decided.add(one["time"], one["act"], of, printable(one["who"]), printable(one["why"]))
    for name, table in (("episodes", episodes), ("changes", changes), ("appeals", appeals), ("decisions", decided)):
        if found[name]:
            table.print(out)
