"""`slo-streams reports PARTNER MONTH`: a month of a partner."""

from typing import Annotated

import typer

from schemas.event_time import utc_text
from streams.cli.shared.ask import settings_of_or_fail
from streams.cli.shared.database import history_connection
from streams.cli.shared.failure import fail
from streams.cli.shared.json_text import print_json
from streams.cli.shared.objectives import objectives_or_fail
from streams.cli.shared.table import Column, Table
from streams.cli.shared.text import console, duration_text
from streams.history.documents import decimal_text
from streams.history.settings import HistorySettings
from streams.names import METRICS
from streams.reports.document import report_document
from streams.reports.month import Month
from streams.reports.reading import partner_report
from streams.reports.report import Report


def reports(
    partner: Annotated[
        str, typer.Argument(metavar="PARTNER", help="The catalogue's partnerId, or partnerName.", show_default=False)
    ],
    month: Annotated[str, typer.Argument(metavar="MONTH", help="A month, as 2026-03, UTC.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="A JSON object with an item for each SLI.")] = False,
) -> None:
    """Show a month of a partner: what each SLI of its apps reached, and how its breaches went.

    Times are medians: from the first bad event of the window to the breach, from the breach to the first message that
    was accepted, and to its end. Excluded time does not count. The notifier mails the same once a month.

    \b
    Examples:
      slo-streams reports acme 2026-03
      slo-streams reports acme 2026-03 --json

    \b
    Exit codes:
      0   shown
      1   the catalogue has no app of this partner
      2   no month, or a setting or the objectives cannot be used
      69  the database cannot be reached
      78  the database has another schema
    """
    settings = settings_of_or_fail(HistorySettings)
    levels = objectives_or_fail(settings).service_levels
    try:
        its_month = Month.named(month)
    except ValueError as problem:
        fail(str(problem), code=2)
    with history_connection(settings) as connection:
        found = partner_report(connection, settings, levels, partner, its_month)
    if found is None:
        fail(f"The catalogue has no app of {partner}. Does `slo-streams history` run?")
    if as_json:
        print_json(report_document(found))
    else:
        _show(found)


def _show(found: Report) -> None:
    out = console()
    table = Table(
        Column("app"),
        Column("SLI"),
        Column("reached", is_number=True),
        Column("target", rank=1, is_number=True),
        Column("used", is_number=True),
        Column("breaches", is_number=True),
        Column("found after", rank=3),
        Column("told after", rank=3),
        Column("over after", rank=2),
        Column("scope", rank=4, is_long=True),
    )
    for item in found.items:
        title = METRICS[item.level.metric].display_name(item.scope)
        table.add(
            item.app_key,
            title,
            item.attainment_text,
            f"{decimal_text(100 * item.level.target)} %",
            item.consumed_text or "",
            str(len(item.breaches)),
            _after(item.time_to_detect_s),
            _after(item.time_to_tell_s),
            _after(item.time_to_recover_s),
            "" if item.scope in title else item.scope,
        )
    until = "nothing is counted yet" if found.as_of_ms is None else f"as of {utc_text(found.as_of_ms)}"
    out.print(f"{found.partner_name} in {found.month}, {until}", soft_wrap=True)
    table.print(out)
    if found.of_apps:
        out.print("\nIncidents that hit these apps; means, from the first impact:")
        incidents = Table(
            Column("app"),
            Column("incidents", is_number=True),
            Column("found after", rank=2),
            Column("update after", rank=3),
            Column("over after", rank=1),
        )
        for means in [found.incidents, *found.of_apps]:
            if means is not None:
                times = (means.to_detect_s, means.to_update_s, means.to_recover_s)
                incidents.add(means.name or "all", f"{means.incidents:,}", *map(_after, times))
        incidents.print(out)
        out.print()
    for one in found.notices:
        out.print(f"{utc_text(one.time_ms)}  {one.app_key}  {one.subject}", soft_wrap=True)


def _after(seconds: int | None) -> str:
    return "" if seconds is None else duration_text(1_000 * seconds)
