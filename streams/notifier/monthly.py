"""The monthly report as a notification, and the step of the desk that sends it: one partner at a time, once a month."""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from streams.database.patient import Connection
from streams.desk.desk import Desk
from streams.history.documents import decimal_text
from streams.incidents.measures import Means
from streams.names import METRICS
from streams.notifier.enqueue import Enqueued, enqueue
from streams.notifier.mail.figures import duration_text
from streams.notifier.notification import Kind, Notification, notice
from streams.notifier.rows import Now, database_time, execute
from streams.notifier.target import SMTP, Target, catalogue_target
from streams.notifier.targets import Targets
from streams.objectives.service_level import ServiceLevel
from streams.plural import number_of
from streams.reports.month import Month
from streams.reports.reading import partner_report
from streams.reports.report import Report, SliMonth
from streams.settings import Settings

_FROM: Final = timedelta(hours=6)  # late events are in by then, and it is morning in Europe
_UNTIL: Final = timedelta(days=7)  # who begins later has seen little of that month
_REST_S: Final = 600.0
_MOST_LINES: Final = 200
_MOST_ADDRESSES: Final = 20

_INTRODUCTION: Final = (
    "What each SLI reached, how much of the month's error budget was used, and for its breaches the median times until "
    "they were found (from the first bad event), told (to the first message) and over. Excluded time does not count."
)

_NEXT: Final = """
select coalesce(partner_id, partner_name), array_agg(distinct email order by email) from app
where not exists (
  select from notification n where n.id = 'report-' || %(month)s || '-' || coalesce(app.partner_id, app.partner_name)
)
group by 1 order by 1 limit 1
"""


def report_notification(report: Report, now_ms: int) -> Notification:
    """What is told: a line for each SLI, those first that did worst."""
    items = sorted((item for item in report.items if item.has_any), key=lambda item: -(item.budget.consumed or 0))
    met = sum(item.budget.is_met for item in items)
    subject = (
        f"{report.partner_name} in {report.month}: {met} of {number_of(len(items), 'objective')} met, "
        f"{number_of(report.breaches, 'breach', 'breaches')}"
    )
    text = [_INTRODUCTION]
    if len(items) > _MOST_LINES:
        text.append(f"Of {len(items):,} SLIs the {_MOST_LINES} that used most of their budget are listed.")
    if report.incidents is not None:
        text.append(_of_incidents(report.incidents))
    text += [f"{one.subject}." for one in report.notices]
    facts = {_name(item): _figures(item) for item in items[:_MOST_LINES]}
    data = notice(subject, text, facts)
    name = f"report-{report.month}-{report.partner}"
    return Notification(name, Kind.REPORT, name, now_ms, data, partner=report.partner)


def _name(item: SliMonth) -> str:
    return f"{item.app_name}, {METRICS[item.level.metric].display_name(item.scope)} ({item.scope}, {item.level.name})"


def _figures(item: SliMonth) -> str:
    said = [f"{item.attainment_text} of {decimal_text(100 * item.level.target)} %"]
    if item.consumed_text is not None:
        said.append(f"{item.consumed_text} of the budget used")
    if item.breaches:
        counted = number_of(len(item.breaches), "breach", "breaches")
        times = _after(
            ("found", item.time_to_detect_s), ("told", item.time_to_tell_s), ("over", item.time_to_recover_s)
        )
        said.append(f"{counted} ({times})" if times else counted)
    return ", ".join(said)


def _of_incidents(means: Means) -> str:
    """How the incidents of the month went."""
    counted = f"{number_of(means.incidents, 'incident')} hit these apps"
    times = _after(("found", means.to_detect_s), ("a first update", means.to_update_s), ("over", means.to_recover_s))
    return f"{counted}: {times} (means, from the first impact)."


def _after(*times: tuple[str, int | None]) -> str:
    """`found after 3 min, over after 1 h`, of what is known."""
    return ", ".join(f"{word} after {duration_text(seconds)}" for word, seconds in times if seconds is not None)


class MonthlyReports:
    """A step of the desk: within the first days of a month, the month before, to whoever has not had it."""

    def __init__(
        self, settings: Settings, targets: Targets, levels: Sequence[ServiceLevel], *, now: Now = database_time
    ) -> None:
        self._settings = settings
        self._targets = targets
        self._levels = levels
        self._now = now
        self._rests_until_s = float("-inf")

    async def take(self, desk: Desk) -> bool:
        """The report of one more partner."""
        if time.monotonic() < self._rests_until_s:
            return False
        found = await desk.run(self._next)
        if found is None:
            self._rests_until_s = time.monotonic() + _REST_S
            return False
        now, month, partner, emails = found
        report = await desk.look(
            lambda connection: partner_report(connection, self._settings, self._levels, partner, month)
        )
        now_ms = int(now.timestamp() * 1_000)
        if report is None:  # its last app was taken out of the catalogue meanwhile
            return False
        told = report_notification(report, now_ms)
        targets = self.targets_of(told, emails) if any(item.has_any for item in report.items) else []
        await desk.run(lambda connection: enqueue(connection, Enqueued(told, targets)))
        return False  # one a second: others wait for the desk, too

    async def rest(self) -> None:
        """Nothing is held."""

    def targets_of(self, told: Notification, emails: Sequence[str]) -> list[Target]:
        """The mail targets of the partner; where it has none, the addresses of its apps."""
        wanting = [one for one in self._targets.wanting(told) if one.channel == SMTP and one.partner == told.partner]
        return wanting or [catalogue_target(email) for email in emails[:_MOST_ADDRESSES]]

    async def _next(self, connection: Connection) -> tuple[datetime, Month, str, list[str]] | None:
        """Whose report comes next; None: nobody's for now."""
        now = await self._now(connection)
        month = Month.before(now)
        since = now - datetime.fromtimestamp(month.end * 60, now.tzinfo)
        if not _FROM <= since < _UNTIL:
            return None
        row = await (await execute(connection, _NEXT, {"month": str(month)})).fetchone()
        return None if row is None else (now, month, row[0], row[1])
