"""A notifier without Kafka: alerts are enqueued, and its courier is led turn by turn, by a clock that a test moves."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import psycopg

from schemas import Alert
from schemas.event_time import epoch_ms, utc_text
from streams.database.patient import Connection, PatientDatabase
from streams.evaluation.incident import incident_id
from streams.notifier.channel import Channel
from streams.notifier.chores import Chores
from streams.notifier.contacts import Contact, Contacts
from streams.notifier.courier import Courier
from streams.notifier.intake import NotificationRows, ReadAlert
from streams.notifier.mail.letter import Sender
from streams.notifier.mail.server import mail_server as server_of
from streams.notifier.mail.smtp import SmtpChannel
from streams.notifier.rows import database_time
from streams.notifier.tally import Tally
from streams.notifier.target import Target
from streams.notifier.targets import Targets
from tests.history.sink import patient

SRE = "sre@acme.example"
SENDER = Sender("SLO alerts", "slo@slo.example", "https://slo.example")
METRIC = "webhook-delivery-success-rate"


def breach(app: str = "charts", *, at_ms: int, good: int = 987, bad: int = 13, **more: Any) -> dict[str, Any]:
    """A breach of an app of Acme at a moment."""
    return {
        "type": "BREACH",
        "appKey": f"com.acme.{app}",
        "appDetails": {"name": app.title(), "partnerName": "Acme"},
        "incidentId": incident_id(f"com.acme.{app}", METRIC, "Jira", "webhook-delivery-15m", at_ms),
        "incidentStatus": "ANOMALOUS",
        "time": utc_text(at_ms),
        "metricName": "Jira Webhook Delivery Success Rate",
        "metricUnit": "PERCENT",
        "measurementDurationSeconds": 900,
        "sliValue": 100 * good / (good + bad),
        "sloValue": 99.0,
        "metricId": METRIC,
        "scope": "Jira",
        "objective": "webhook-delivery-15m",
        "goodCount": good,
        "badCount": bad,
        "windowStart": utc_text(at_ms - 900_000),
        "windowEnd": utc_text(at_ms),
        "reason": "BELOW_OBJECTIVE",
        "breachedAt": utc_text(at_ms),
        "severity": "page",
        "service": "marketplace-apps",
        **more,
    }


def recovery(of: dict[str, Any], *, after_min: int = 42, **more: Any) -> dict[str, Any]:
    """Its recovery, some minutes later."""
    at_ms = epoch_ms(of["breachedAt"]) + after_min * 60_000
    return {
        **of,
        "type": "RECOVERY",
        "incidentStatus": "OK",
        "time": utc_text(at_ms),
        "sliValue": 99.4,
        "goodCount": 994,
        "badCount": 6,
        "windowStart": utc_text(at_ms - 900_000),
        "windowEnd": utc_text(at_ms),
        "reason": "RESTORED",
        **more,
    }


class Office:
    """One notifier. `ahead` is by how much its clock is ahead of the database's, or of when that was stopped."""

    def __init__(
        self,
        url: str,
        database: PatientDatabase,
        port: int,
        targets: Sequence[Target] = (),
        channel: Channel | None = None,
    ) -> None:
        self.url = url
        self.database = database
        self.ahead = timedelta()
        self._stopped: datetime | None = None
        self.targets = Targets(targets)
        self.contacts = Contacts()
        self.contact = Contact(SRE, "acme", None)
        channel = channel or SmtpChannel(server_of(f"smtp://127.0.0.1:{port}"), SENDER)
        self.courier = Courier(channel, self.targets, database, Tally(), now=self.now)
        names = ["smtp", "webhook", channel.name]
        self.rows = NotificationRows(self.targets, self.contacts, names, 86_400_000, lambda: None, self.now)
        self.chores = Chores(self.targets, now=self.now)

    async def now(self, connection: Connection) -> datetime:
        return (self._stopped or await database_time(connection)) + self.ahead

    async def stop_clock(self) -> None:
        """From now on only `pass_by` moves it: seconds are told apart, however long the machine takes."""
        self._stopped = await self.database.run(database_time)

    async def now_ms(self) -> int:
        """Some full minute, a little ago."""
        moment = await self.database.run(self.now)
        return int(moment.timestamp()) // 60 * 60_000

    def read(self, *alerts: dict[str, Any]) -> list[ReadAlert]:
        """As the catalogue and the service's reader have them."""
        for alert in alerts:
            self.contacts._contacts[alert["appKey"]] = self.contact
        return [
            ReadAlert(Alert.model_validate(alert), epoch_ms(alert["time"]), epoch_ms(alert["breachedAt"]))
            for alert in alerts
        ]

    async def take_in(self, *alerts: dict[str, Any]) -> None:
        """As they come from Kafka, in one commit."""
        facts = self.read(*alerts)
        await self.database.run(lambda connection: self.rows.add(connection, facts))

    async def work(self, turns: int = 40) -> None:
        """Until nothing is due any more."""
        await self.database.run(self.chores.do)
        for _ in range(turns):
            if not await self.courier.turn():
                return
        raise AssertionError("it has no end")

    async def pass_by(self, **time: float) -> None:
        """So much time goes by, and it works again."""
        self.ahead += timedelta(**time)
        await self.work()

    def states(self) -> list[tuple[str, str, str | None]]:
        """Kind, state and reason of each delivery."""
        return self.select("select kind, state, split_part(reason, ':', 1) from slo.delivery order by seq")

    def select(self, query: str) -> list[Any]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(query.encode()).fetchall()


@asynccontextmanager
async def office(
    url: str, port: int, targets: Sequence[Target] = (), channel: Channel | None = None
) -> AsyncIterator[Office]:
    """A notifier on a database, for a mail server unless there is another channel."""
    async with patient(url) as database:
        made = Office(url, database, port, targets, channel)
        try:
            yield made
        finally:
            await made.courier.channel.close()
            await asyncio.sleep(0)
