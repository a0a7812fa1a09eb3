"""`slo-streams rejected`: records that could not be used, and how to send them once more."""

import logging
import time
from typing import Annotated, Any, Final

import typer

from schemas.rejected import RejectReason
from streams.cli.shared.ask import ask, settings_or_fail
from streams.cli.shared.failure import fail
from streams.cli.shared.json_text import print_json
from streams.cli.shared.moment import moment_or_ago_ms
from streams.cli.shared.table import Column, Table
from streams.cli.shared.text import console, printable, utc_text
from streams.rejected.log import RejectedRecord, rejected_log
from streams.rejected.newest import newest
from streams.rejected.redrive import OtherRedriveError, Redriven, plan, redrive
from streams.settings import Settings

rejected_app = typer.Typer(name="rejected", no_args_is_help=True)

# As long as Kafka keeps the positions of a group that rests: what is younger cannot have been sent and forgotten.
_REMEMBERED_MS: Final = 7 * 86_400_000
_SHOWN_KEY: Final = 60  # characters

_ReasonOption = Annotated[
    RejectReason | None,
    typer.Option(metavar="REASON", help=f"Only records rejected for this reason: {', '.join(RejectReason)}."),
]


@rejected_app.callback()
def _rejected() -> None:
    """Records that could not be used.

    \b
    Example:
      slo-streams rejected list
    """


@rejected_app.command(name="list")
def list_(
    reason: _ReasonOption = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON array, one object for each record.")] = False,
) -> None:
    """Show rejected records, the newest first.

    It shows when and why each was rejected, and where it came from. Joins no consumer group, so it disturbs nobody.
    Times are UTC and those of the rejection.

    \b
    Examples:
      slo-streams rejected list
      slo-streams rejected list --reason schema --json | jq -r '.[].detail'

    \b
    Exit codes:
      0  shown, also if there are none
      1  there is no topic of rejected records yet
      2  an option or a setting cannot be used
      69 no broker answers
    """
    settings = settings_or_fail()
    records = ask(settings, _newest(settings, limit, reason))
    if as_json:
        print_json([_document(one) for one in records])
    elif not records:
        typer.echo("No rejected records." if reason is None else f"No records rejected for {reason}.")
    else:
        _table(records).print(console())


@rejected_app.command(name="redrive")
def redrive_(
    reason: _ReasonOption = None,
    since: Annotated[
        int | None,
        typer.Option(
            metavar="TIME",
            parser=moment_or_ago_ms,
            help="Only records rejected since then: RFC 3339, epoch ms, or how long ago, as 2h.",
            show_default="7d",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be sent.")] = False,
) -> None:
    """Send rejected records back to their topics, to be judged.

    Do this after the cause is gone: a record that is wrong in itself is only rejected again, as a new record. Key,
    value and headers are the original ones; the header `redriven-from` tells which application rejected it first, why
    and where. Each is placed by its appKey. Only what the application of SLO_APPLICATION_ID rejected is sent, and it
    counts for that application alone.

    No record is sent twice: the consumer group <SLO_APPLICATION_ID>-redrive holds a position for each reason, committed
    in one transaction with the records, and the next redrive goes on there. --reason leaves the positions of other
    reasons alone. What --since passes over is not sent later either, once a younger record of the same reason and
    partition was. Go back before 7 days only if nothing of then was sent: Kafka forgets positions that long unused
    (offsets.retention.minutes). Records of which only the beginning was kept (over 64 KiB) cannot be sent; they are
    counted.

    \b
    Examples:
      slo-streams rejected redrive --reason future_time --dry-run
      slo-streams rejected redrive --reason schema --since 2026-03-02T12:00:00Z

    \b
    Exit codes:
      0  done, also if there was nothing to send
      1  there is no topic of rejected records yet, or another redrive
         went on instead
      2  an option or a setting cannot be used
      69 no broker answers
    """
    settings = settings_or_fail()
    since_ms = time.time_ns() // 1_000_000 - _REMEMBERED_MS if since is None else since
    reasons = list(RejectReason) if reason is None else [reason]
    # A producer that is fenced leaves futures behind that nobody reads; what matters is raised.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    try:
        done = ask(settings, (plan if dry_run else redrive)(settings, reasons, since_ms))
    except OtherRedriveError:
        fail("Another redrive was started meanwhile and goes on from here. Nothing is sent twice.")
    for line in _summary(done, "would be sent" if dry_run else "sent", utc_text(since_ms)):
        typer.echo(line)


async def _newest(settings: Settings, limit: int, reason: RejectReason | None) -> list[RejectedRecord]:
    async with rejected_log(settings) as log:
        return await newest(log, limit, reason)


def _table(records: list[RejectedRecord]) -> Table:
    table = Table(
        Column("rejected at"),
        Column("reason"),
        Column("bytes", is_number=True),
        Column("from", is_long=True),
        Column("key", is_long=True),
        Column("detail", is_long=True),
    )
    for record in records:
        headers = record.headers
        key = printable((record.key or b"").decode(errors="backslashreplace")[:_SHOWN_KEY])
        if headers is None:
            cells = ("?", f"{len(record.value or b''):,}", "", key, "not written by a worker")
        else:
            cells = (
                headers.reason.value,
                f"{_size(record):,}",
                f"{printable(headers.topic)}/{headers.partition}@{headers.offset}",
                key,
                printable(headers.detail),
            )
        table.add(utc_text(record.time_ms), *cells)
    return table


def _size(record: RejectedRecord) -> int:
    """Bytes of the original value."""
    truncated = record.headers.truncated if record.headers is not None else None
    return len(record.value or b"") if truncated is None else truncated


def _document(record: RejectedRecord) -> dict[str, Any]:
    document: dict[str, Any] = {
        "time": record.time_ms,
        "rejectedPartition": record.partition,
        "rejectedOffset": record.offset,
        "key": None if record.key is None else record.key.decode(errors="backslashreplace"),
        "bytes": _size(record),
        "headers": {name: (value or b"").decode(errors="backslashreplace") for name, value in record.original},
    }
    return document | (record.headers.model_dump(exclude_none=True) if record.headers is not None else {})


def _summary(done: Redriven, sent: str, since: str) -> list[str]:
    lines = [f"{done.sent.total():,} {sent}{_by_reason(done.sent)}"]
    if done.older:
        lines.append(f"{done.older.total():,} passed over, rejected before {since} (--since){_by_reason(done.older)}")
    if done.truncated:
        lines.append(
            f"{done.truncated.total():,} cannot be sent: only their beginning was kept{_by_reason(done.truncated)}"
        )
    if done.others:
        lines.append(f"{done.others:,} passed over: rejected by another application, which redrives its own")
    if done.unusable:
        lines.append(f"{done.unusable:,} cannot be sent: without key and value, or not from an input topic")
    return lines


def _by_reason(counts: dict[RejectReason, int]) -> str:
    parts = ", ".join(f"{count:,} {reason.value}" for reason, count in sorted(counts.items()))
    return f" ({parts})" if parts else ""
