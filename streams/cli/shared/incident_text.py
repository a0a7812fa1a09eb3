"""Incidents for people, in a terminal."""

from collections.abc import Sequence
from typing import Any, Final

from rich.console import Console

from schemas.exclusions import Exclusion
from streams.cli.shared.table import Column, Table
from streams.cli.shared.text import printable, utc_text

_STYLES: Final = {"SEV1": "bold red", "SEV2": "red", "SEV3": "yellow"}


def show_list(out: Console, records: Sequence[dict[str, Any]]) -> None:
    """A line for each."""
    table = Table(
        Column("id"),
        Column("start", rank=2),
        Column("severity"),
        Column("state"),
        Column("apps", is_number=True),
        Column("by", rank=3),
        Column("title", is_long=True),
    )
    for one in records:
        table.add(
            one["id"],
            one["start"],
            one["severity"] or "none",
            state_of(one),
            "?" if one["appCount"] is None else f"{one['appCount']:,}",
            one["raisedBy"].lower().replace("_", " "),
            printable(("[trial] " if one["trial"] else "") + one["title"]),
        )
    table.print(out)


def state_of(record: dict[str, Any]) -> str:
    """How far it is; a candidate is said to be one."""
    return str(record["state"] if record["verdict"] == "CONFIRMED" else record["verdict"])


def show_one(out: Console, one: dict[str, Any], proposed: Sequence[Exclusion]) -> None:
    """All of one: what it is, why it is that severe, what has to be done by when, and what happened."""
    out.print(f"{one['id']}  {printable(one['title'])}", style="bold", soft_wrap=True)
    lines = [
        ("state", state_of(one) + (", trial" if one["trial"] else "")),
        ("severity", one["severity"] or "none"),
        ("votes", ", ".join(f"{name} {vote or '-'}" for name, vote in one["votes"].items())),
        ("impact", _impact(one)),
        ("time", f"{one['start']} to {one['endedAt'] or 'now'}, found {one['detectedAt']}"),
        ("fault", f"{one['suspectedFault']} (suspected)"),
        ("seen by", one["visibility"].lower().replace("_", " ")),
        *((f"{name} due", _target(target)) for name, target in one["deadlines"].items() if target),
    ]
    if one["pir"]:
        lines.append(("review", f"{one['pir']['status']}, {one['pir']['systemAtFault']} at fault"))
    for name, value in lines:
        out.print(f"  {name + ':':<20}{printable(value)}", soft_wrap=True)
    if one["apps"]:
        more = (one["appCount"] or 0) - len(one["apps"])
        apps = ", ".join([*map(printable, one["apps"][:20]), *(["..."] if len(one["apps"]) > 20 or more > 0 else [])])
        out.print(f"  {'apps:':<20}{apps}", soft_wrap=True)
    out.print("\nTimeline (UTC):", style="bold")
    for entry in one["timeline"]:
        public = "  [public]" if entry["public"] else ""
        out.print(f"  {entry['time']}  {printable(entry['who'])}: {printable(entry['text'])}{public}", soft_wrap=True)
    if one["exclusions"]:
        out.print(f"\nTaken out of every budget by {', '.join(one['exclusions'])}.", soft_wrap=True)
    elif proposed:
        out.print("\nIf it is the platform's fault, approving would leave this out of every budget:", soft_wrap=True)
        show_exclusions(out, proposed)


def show_exclusions(out: Console, exclusions: Sequence[Exclusion]) -> None:
    """Each with what it is for, and its time."""
    for one in exclusions:
        until = "until it is over" if one.end is None else f"to {utc_text(one.end)}"
        place = " of ".join(part for part in (one.metric_id or "every metric", one.scope) if part)
        out.print(f"  {one.id}: {place}, all apps, {utc_text(one.start)} {until}", soft_wrap=True)


def _impact(one: dict[str, Any]) -> str:
    apps = "unknown" if one["appCount"] is None else f"{one['appCount']:,}"
    users = "unknown" if one["users"] is None else f"{one['users']:,}"
    capability = f", {one['capability']} ({one['tier']})" if one["capability"] else ""
    said = f"{one['level']} {one['kind']}, apps {apps}, users {users}, reports {one['reports']}"
    return said + capability


def _target(target: dict[str, Any]) -> str:
    done = f", done {target['done']}" if target["done"] else ""
    return f"{target['due']}: {target['outcome']}{done}"
