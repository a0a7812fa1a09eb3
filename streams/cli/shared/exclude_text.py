"""Exclusions in words and tables, shared by the commands."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import typer

from schemas.exclusions import Exclusion
from streams.cli.shared.json_text import print_json
from streams.cli.shared.table import Column, Table
from streams.cli.shared.text import console, duration_text, printable, utc_text
from streams.registry.exclusions import FAULT, PLANNED, DeclaredExclusion, Phase

TIME_HELP: Final = "now, RFC 3339, epoch ms, or a local time with --tz"
_REASONS: Final = {PLANNED: "planned downtime", FAULT: "platform fault"}
_ORDER: Final = {Phase.CURRENT: 0, Phase.COMING: 1, Phase.PAST: 2, Phase.CALLED_OFF: 2}
_SHOWN: Final = 5


def described(exclusion: Exclusion) -> str:
    """`planned downtime of com.example.charts, all metrics, from 2026-11-29 02:00:00Z until ... (2h)`."""
    return f"{_REASONS[exclusion.reason]} of {_app(exclusion)}, {_what(exclusion)}, {span(exclusion)}"


def span(exclusion: Exclusion) -> str:
    """`from 2026-11-29 02:00:00Z until 2026-11-29 04:00:00Z (2h)`."""
    since = f"from {utc_text(exclusion.start)}"
    if exclusion.end is None:
        return f"{since} until it is ended"
    return f"{since} until {utc_text(exclusion.end)} ({duration_text(exclusion.end - exclusion.start)})"


def listed(lines: Sequence[str]) -> list[str]:
    """The first few lines, and how many more there are."""
    more = len(lines) - _SHOWN
    return [*lines[:_SHOWN], f"  ... and {more:,} more"] if more > 1 else list(lines)


def notice(known: Sequence[DeclaredExclusion]) -> str:
    """Whether what was declared takes effect, for all of one kind."""
    if known[0].exclusion.reason != PLANNED:
        return "Failures in that time are left out from its start on, as the platform was at fault."
    late = [one for one in known if not one.takes_effect]
    if not late:
        ahead_ms = min(one.exclusion.start - one.announced_ms for one in known)
        return f"Announced {duration_text(ahead_ms)} ahead: failures in that time are left out."
    which = "ANNOUNCED TOO LATE" if len(known) == 1 else f"{len(late):,} of {len(known):,} ANNOUNCED TOO LATE"
    return (
        f"{which}, so nothing is left out: planned downtime has to be announced before its start. If the partner told "
        "it before, say when: --announced-at. If the platform was at fault, declare that: --reason platform-fault."
    )


def show(exclusions: Iterable[DeclaredExclusion], now_ms: int, *, as_json: bool) -> None:
    """Print them: those that hold now, those to come, and those that are over, the newest first."""
    in_order = sorted(exclusions, key=lambda one: _place(one, now_ms))
    if as_json:
        documents = [_document(one, now_ms) for one in in_order]
        print_json(documents)
        return
    if not in_order:
        typer.echo("No exclusions. `slo-streams exclude add` declares one.")
        return
    table = Table(
        Column("id"),
        Column("state"),
        Column("start"),
        Column("end", rank=1),
        Column("reason", is_long=True),
        Column("app", is_long=True),
        Column("of", is_long=True),
        Column("announced", is_long=True),
    )
    for one in in_order:
        exclusion = one.exclusion
        end = "still going on" if exclusion.end is None else utc_text(exclusion.end)
        when = "" if exclusion.reason != PLANNED else f"announced {utc_text(one.announced_ms)}"
        table.add(
            printable(exclusion.id),
            one.phase(now_ms).value,
            utc_text(exclusion.start),
            end,
            _REASONS[exclusion.reason],
            _app(exclusion),
            _what(exclusion),
            when if one.takes_effect else f"{when}, TOO LATE: leaves nothing out",
        )
    table.print(console())


def _place(known: DeclaredExclusion, now_ms: int) -> tuple[int, int, str]:
    phase, start_ms = known.phase(now_ms), known.exclusion.start
    return _ORDER[phase], start_ms if phase is Phase.COMING else -start_ms, known.exclusion.id


def _document(known: DeclaredExclusion, now_ms: int) -> dict[str, Any]:
    state = {"state": known.phase(now_ms).value, "takesEffect": known.takes_effect, "announced": known.announced_ms}
    return known.exclusion.model_dump() | state


def _app(exclusion: Exclusion) -> str:
    return "all apps" if exclusion.app_key is None else printable(exclusion.app_key)


def _what(exclusion: Exclusion) -> str:
    metric = "all metrics" if exclusion.metric_id is None else printable(exclusion.metric_id)
    return metric if exclusion.scope is None else f"{metric} of {printable(exclusion.scope)}"
