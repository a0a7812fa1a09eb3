"""`slo-streams exclude add`: declares a time that does not count."""

import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer
from pydantic import ValidationError

from schemas.complaint import complaint
from schemas.event_time import epoch_ms
from schemas.exclusions import Exclusion
from streams.cli.shared.ask import ask, settings_of_keeper_or_fail
from streams.cli.shared.exclude_text import TIME_HELP, described, listed, notice, span
from streams.cli.shared.failure import fail
from streams.cli.shared.metric_name import SHORT_NAMES, metric_named
from streams.cli.shared.text import printable
from streams.cli.shared.zoned import length_ms, zone_named, zoned_ms, zoned_time
from streams.names import Metric
from streams.reference.reference import exclusion_of
from streams.registry.apps import read_apps
from streams.registry.exclusions import (
    FAULT,
    PLANNED,
    DeclaredExclusion,
    known_of,
    occurrence_id,
    read_exclusions,
    with_id,
)
from streams.registry.recurrence import HORIZON, Occurrences, occurrences
from streams.registry.recurrence_rule import InvalidRuleError
from streams.registry.write import write
from streams.settings import Settings


class ExclusionReason(StrEnum):
    """Why a time does not count."""

    PLANNED = "planned"
    PLATFORM_FAULT = "platform-fault"


_ON_THE_WIRE: Final = {ExclusionReason.PLANNED: PLANNED, ExclusionReason.PLATFORM_FAULT: FAULT}


def add(
    reason: Annotated[ExclusionReason, typer.Option(help="Whose doing it is.", show_default=False)],
    start: Annotated[str, typer.Option(metavar="TIME", help=f"{TIME_HELP}.", show_default=False)],
    app: Annotated[str | None, typer.Option(metavar="APPKEY", help="For one app.", show_default=False)] = None,
    all_apps: Annotated[bool, typer.Option("--all-apps", help="For every app there is.")] = False,
    metric: Annotated[
        Metric | None,
        typer.Option(parser=metric_named, metavar="METRIC", help=f"For one of {SHORT_NAMES}.", show_default="all"),
    ] = None,
    scope: Annotated[
        str | None, typer.Option(metavar="SCOPE", help="For one product or base URL.", show_default="all")
    ] = None,
    end: Annotated[
        str | None, typer.Option(metavar="TIME", help="When it counts again; a fault may be open.", show_default=False)
    ] = None,
    for_: Annotated[
        str | None, typer.Option("--for", metavar="DURATION", help="Instead of --end: 90m, 2h.", show_default=False)
    ] = None,
    announced_at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="When the partner told it, as its ticket has it.", show_default="now"),
    ] = None,
    exclusion_id: Annotated[
        str | None, typer.Option("--id", help="Your name for it, a change number; made up if not given.")
    ] = None,
    repeat: Annotated[
        str | None, typer.Option(metavar="RRULE", help="Recurring, as RFC 5545 writes it.", show_default=False)
    ] = None,
    tz: Annotated[
        ZoneInfo | None, typer.Option(parser=zone_named, metavar="ZONE", help="Whose clocks.", show_default="UTC")
    ] = None,
) -> None:
    """Declare a time that does not count.

    Planned downtime takes effect only if announced before its start: now, or --announced-at. A fault of the
    platform does also afterwards, and then an alert that stood on it is annulled. An id that is there already is
    replaced; as long as its start stays the same, its notice stays, too. Windows leave out every pane that the time
    touches: whole minutes, or five for windows over six hours.

    With --repeat every occurrence is an exclusion of its own, ID-20261129T0200Z. A rule without COUNT or UNTIL is
    followed for 90 days; at most 1,000 occurrences.

    \b
    Examples:
      slo-streams exclude add --app com.example.charts --reason planned \\
        --start 2026-11-29T02:00:00Z --for 2h
      slo-streams exclude add --app com.example.charts --reason planned \\
        --start 2026-11-29T02:00 --tz Europe/Berlin --for 2h --id upgrades \\
        --repeat 'FREQ=WEEKLY;BYDAY=SU;COUNT=8'
      slo-streams exclude add --all-apps --metric webhook \\
        --reason platform-fault --start 2026-11-22T14:05:00Z

    \b
    Exit codes:
      0  on record; the output says whether it was announced in time
      1  there is no topic of exclusions yet, or one was not
         taken: add it again
      2  an option or a setting cannot be used; nothing was sent
      69 no broker answers
    """
    settings = settings_of_keeper_or_fail()
    if (app is not None) == all_apps:
        raise typer.BadParameter("give one of them", param_hint="--app, --all-apps")
    announced_ms = _announced_ms(announced_at, tz, start, reason)
    first = zoned_time(start, tz, "--start")
    start_ms = epoch_ms(first.isoformat())
    span_ms = _span_ms(start_ms, end, for_, tz)
    if span_ms is None and (reason is ExclusionReason.PLANNED or repeat is not None):
        raise typer.BadParameter("what is planned has an end: give one of them", param_hint="--end, --for")
    exclusion_id = exclusion_id or f"ex-{secrets.token_hex(4)}"
    starts_ms, is_cut = {exclusion_id: start_ms}, False
    if repeat is not None:
        found = _occurrences(repeat, first)
        starts_ms = {occurrence_id(exclusion_id, one_ms): one_ms for one_ms in found.starts_ms}
        is_cut = found.is_cut
    common = {
        "appKey": app,
        "metricId": None if metric is None else metric.id,
        "scope": scope,
        "reason": _ON_THE_WIRE[reason],
        "announcedAt": announced_ms,
    }
    wanted = [_exclusion(common, one_id, one_ms, span_ms) for one_id, one_ms in starts_ms.items()]
    added = ask(settings, _add(settings, wanted, exclusion_id))
    for line in _told(exclusion_id, wanted, added):
        typer.echo(line)
    if is_cut:
        typer.echo(f"The rule goes on; only its first {HORIZON.days} days are on record. Add it again before they end.")


@dataclass(frozen=True, slots=True)
class _Added:
    """What is on record now; `others` are occurrences of the id that this did not replace."""

    now: list[DeclaredExclusion]
    replaced: int
    others: int
    is_app_known: bool


async def _add(settings: Settings, wanted: Sequence[Exclusion], exclusion_id: str) -> _Added:
    exclusions, apps = await read_exclusions(settings), await read_apps(settings)
    before = known_of(exclusions)
    wanted = [_with_notice(one, before.get(one.id)) for one in wanted]
    now_ms = time.time_ns() // 1_000_000
    await write(settings, settings.topics.exclusions, {one.id: one for one in wanted})
    for one in wanted:
        exclusions.add(one.id, exclusion_of(one), now_ms)
    now, ids = known_of(exclusions), {one.id for one in wanted}
    return _Added(
        [now[one.id] for one in wanted],
        replaced=len(ids & before.keys()),
        others=sum(one.exclusion.id not in ids for one in with_id(before.values(), exclusion_id)),
        is_app_known=wanted[0].app_key is None or wanted[0].app_key in apps,
    )


def _with_notice(one: Exclusion, before: DeclaredExclusion | None) -> Exclusion:
    """As long as the start stays, so does what its ticket said."""
    if one.announced_at is not None or before is None or before.exclusion.start != one.start:
        return one
    return one.model_copy(update={"announced_at": before.exclusion.announced_at})


def _told(exclusion_id: str, wanted: Sequence[Exclusion], added: _Added) -> Iterator[str]:
    if len(wanted) == 1:
        yield f"{printable(wanted[0].id)}: {described(wanted[0])}."
    else:
        yield f"{printable(exclusion_id)}: {len(wanted):,} times {described(wanted[0])}:"
        yield from listed([f"  {printable(one.id)}: {span(one)}" for one in wanted])
    yield notice(added.now)
    if added.replaced:
        yield f"{added.replaced:,} of that id {'was' if added.replaced == 1 else 'were'} on record and now replaced."
    if added.others:
        yield (
            f"{added.others:,} other occurrences of {printable(exclusion_id)} stay on record; to be rid of them all: "
            f"`slo-streams exclude end {printable(exclusion_id)} --withdraw`, then add again."
        )
    if not added.is_app_known:
        yield f"The catalogue knows no app {printable(wanted[0].app_key or '')}: is it spelled right?"


def _announced_ms(text: str | None, zone: ZoneInfo | None, start: str, reason: ExclusionReason) -> int | None:
    """When a planned one was announced; None: as it is put on record."""
    if text is None:
        if reason is ExclusionReason.PLANNED and start == "now":
            said = (
                "planned downtime is announced before its start: give a later one, or when it was told: --announced-at"
            )
            raise typer.BadParameter(said, param_hint="--start")
        return None
    if reason is not ExclusionReason.PLANNED:
        raise typer.BadParameter("only what is planned is announced", param_hint="--announced-at")
    announced_ms = zoned_ms(text, zone, "--announced-at")
    if announced_ms > time.time_ns() // 1_000_000:
        raise typer.BadParameter("is still to come", param_hint="--announced-at")
    return announced_ms


def _occurrences(rule: str, first: datetime) -> Occurrences:
    try:
        return occurrences(rule, first)
    except InvalidRuleError as problem:
        raise typer.BadParameter(str(problem), param_hint="--repeat") from None


def _span_ms(start_ms: int, end: str | None, for_: str | None, zone: ZoneInfo | None) -> int | None:
    if end is not None and for_ is not None:
        raise typer.BadParameter("give one of them", param_hint="--end, --for")
    if for_ is not None:
        return length_ms(for_, "--for")
    if end is None:
        return None
    end_ms = zoned_ms(end, zone, "--end")
    if end_ms <= start_ms:
        raise typer.BadParameter("is not after the start", param_hint="--end")
    return end_ms - start_ms


def _exclusion(common: dict[str, Any], exclusion_id: str, start_ms: int, span_ms: int | None) -> Exclusion:
    end_ms = None if span_ms is None else start_ms + span_ms
    try:
        return Exclusion.model_validate({"id": exclusion_id, **common, "start": start_ms, "end": end_ms})
    except ValidationError as problem:
        fail(complaint(problem), code=2)
