"""A small world as a report, a command and a mail tell of it."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import SMTP

import orjson
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from typer.testing import CliRunner

from schemas.event_time import utc_text
from streams.cli.app import app
from streams.database.patient import Connection
from streams.history.settings import HistorySettings
from streams.notifier.mail.letter import Sender, letter
from streams.notifier.monthly import MonthlyReports, report_notification
from streams.notifier.target import Target
from streams.notifier.targets import Targets
from streams.objectives import read_objectives
from streams.reports.document import report_document
from streams.reports.month import Month
from streams.reports.reading import partner_report
from streams.reports.report import Report
from tests.dashboard.world import CHARTS, FORMS, fill
from tests.database_fixture import own_database
from tests.desk.build import desk
from tests.reports.test_report import told_after

LEVELS = read_objectives().service_levels
MARCH = Month(2026, 3)


def read(url: str, partner: str = "acme", month: Month = MARCH) -> Report | None:
    with psycopg.connect(url, options="-c search_path=slo") as connection:
        return partner_report(connection, HistorySettings(), LEVELS, partner, month)


@pytest.fixture(scope="module")
def world(postgres: str, migrated: str) -> Iterator[str]:
    """For tests that only read."""
    with own_database(postgres, template=migrated) as url:
        fill(url)
        told_after(url, 12)
        yield url


@pytest.fixture
def own_world(postgres: str, world: str) -> Iterator[str]:
    """A copy."""
    with own_database(postgres, template=conninfo_to_dict(world)["dbname"]) as url:  # type: ignore[arg-type]
        yield url


def test_a_report_has_what_each_sli_reached_and_how_its_breaches_went(world: str) -> None:
    report = read(world)
    assert report is not None
    document = report_document(report)
    assert (document["partner"], document["partnerName"], document["month"]) == ("acme", "P acme", "2026-03")
    assert document["asOf"] == "2026-03-02T12:04:00Z"
    charts, forms = document["items"]
    assert (charts["appKey"], forms["appKey"]) == (CHARTS, FORMS)
    # 16 deliveries and one more, of which the excluded minute took four; two failed
    assert (charts["goodCount"], charts["badCount"], charts["met"]) == (12, 2, False)
    assert charts["attainment"] == 12 / 14
    assert round(charts["consumed"], 3) == round(2 / 0.14, 3)
    assert charts["breaches"] == 2
    assert charts["timeToDetectSeconds"] == 60  # failures of 12:02, breach at 12:03; the other's window has none
    assert charts["timeToTellSeconds"] == 12
    assert charts["timeToRecoverSeconds"] == 20 * 60
    first, second = charts["incidents"]
    assert (first["breachedAt"], first["recoveredAt"]) == ("2026-03-02T11:00:00Z", "2026-03-02T11:20:00Z")
    assert (second["recoveredAt"], second["toldAt"]) == (None, "2026-03-02T12:03:12Z")


def test_a_breach_that_does_not_count_is_none(own_world: str) -> None:
    with psycopg.connect(own_world) as connection:
        connection.execute("update slo.alert set reason = 'EXCLUDED' where type = 'RECOVERY'")
    report = read(own_world)
    assert report is not None
    assert [len(item.breaches) for item in report.items] == [1, 1]


def test_partners_by_id_or_name_and_months_without_anything(world: str) -> None:
    assert read(world, "nobody") is None
    assert read(world, "P None") is not None  # who has no id has a name
    assert read(world, "P acme") is None
    before = read(world, month=Month(2026, 2))
    assert before is not None
    assert not any(item.has_any for item in before.items)


def test_the_command_shows_the_same(world: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLO_DATABASE_URL", world)
    result = CliRunner().invoke(app, ["reports", "acme", "2026-03", "--json"])
    assert result.exit_code == 0, result.output
    report = read(world)
    assert report is not None
    assert orjson.loads(result.stdout) == orjson.loads(orjson.dumps(report_document(report)))
    shown = CliRunner().invoke(app, ["reports", "acme", "2026-03"]).stdout
    assert "P acme in 2026-03, as of 2026-03-02T12:04:00Z" in shown
    row, incidents = [line for line in shown.splitlines() if line.startswith(CHARTS)]
    assert "85.7142 %" in row
    assert incidents.split() == [CHARTS, "1", "0s"]
    assert CliRunner().invoke(app, ["reports", "acme", "march"]).exit_code == 2
    assert CliRunner().invoke(app, ["reports", "nobody", "2026-03"]).exit_code == 1


# The mail


def test_the_mail_says_the_same_as_text_and_as_html(world: str) -> None:
    report = read(world)
    assert report is not None
    told = report_notification(report, 1_775_000_000_000)
    target = Target("acme-mail", "smtp", "sre@acme.example", partner="acme")
    now = datetime(2026, 4, 1, 6, tzinfo=UTC)
    raw = letter(told, target, target.delivery_id(told.id), Sender("SLO", "slo@slo.example"), now)
    mail = message_from_bytes(raw, policy=SMTP)
    assert mail["Subject"] == "[REPORT] P acme in 2026-03: 0 of 2 objectives met, 4 breaches"
    line = (
        "85.7142 % of 99 %, 1,428.6 % of the budget used, 2 breaches (found after 1 min, told after 12 s, over after"
        " 20 min)"
    )
    of_incidents = "2 incidents hit these apps: found after 0 s (means, from the first impact)."
    for kind in ("plain", "html"):
        part = mail.get_body((kind,))
        assert part is not None
        said = " ".join(part.get_content().split())
        assert line in said
        assert of_incidents in said


class Calendar:
    """A clock for the step, and what it left."""

    def __init__(self, url: str, *targets: Target) -> None:
        self.url = url
        self.now = datetime(2026, 4, 1, 6, tzinfo=UTC)
        self.step = MonthlyReports(HistorySettings(), Targets(targets), LEVELS, now=self._now)

    async def _now(self, _: Connection) -> datetime:
        return self.now

    def turns(self, number: int) -> list[tuple[str, str]]:
        """Notification and target of every delivery, after so many turns of the desk."""

        async def main() -> None:
            async with desk(self.url, self.step) as one:
                for _ in range(number):
                    await one.turn()

        asyncio.run(main())
        with psycopg.connect(self.url) as connection:
            query = "select notification, target from slo.delivery where kind = 'REPORT' order by notification, target"
            return connection.execute(query).fetchall()


def test_each_partner_gets_last_month_once(own_world: str) -> None:
    acme = Target("acme-mail", "smtp", "sre@acme.example", partner="acme")
    hook = Target("acme-hook", "webhook", "https://acme.example/", partner="acme")
    ours = Target("ops", "smtp", "ops@slo.example")
    calendar = Calendar(own_world, acme, hook, ours)
    found = calendar.turns(6)
    assert [one for one in found if one[0].endswith("-acme")] == [("report-2026-03-acme", "acme-mail")]
    partners = {notification.removeprefix("report-2026-03-") for notification, _ in found}
    assert partners == {"acme", "foo", "P None"}
    assert all("@" in target for notification, target in found if not notification.endswith("acme"))
    again = Calendar(own_world, acme, hook, ours)
    assert again.turns(3) == found


@pytest.mark.parametrize("moment", ["2026-04-01T05:59:00Z", "2026-04-08T00:00:00Z", "2026-04-30T12:00:00Z"])
def test_not_before_the_month_is_complete_nor_long_after(world: str, moment: str) -> None:
    calendar = Calendar(world)
    calendar.now = datetime.fromisoformat(moment)
    assert calendar.turns(2) == []
    assert utc_text(int(calendar.now.timestamp()) * 1_000) == moment
