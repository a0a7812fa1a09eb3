"""What becomes of alerts, catalogue and exclusions in the database, and of what is none of them."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import orjson
import psycopg
import pytest
from aiokafka import TopicPartition

from streams.database.connection import conninfo
from streams.database.roles import Role
from streams.history.alert_reading import read_alert_record
from streams.history.assembly import READER, filed_topics
from streams.history.reading import read_exclusions
from streams.intake.checking import Rejection
from streams.kafka.chunk import Chunk
from streams.names import Topics
from streams.ownership.seams import FencedError
from streams.reference.reference import Reference
from streams.settings import Settings
from streams.sink.filing import FilingProcessor
from streams.sink.store import PostgresStore
from streams.sink.work import Progress
from streams.turn import finish
from tests.build import stored
from tests.history.alerts import APP, alert, published, rows
from tests.history.sink import patient
from tests.model import Record
from tests.model.build import app, clock_ms, delisted, exclusion

TOPICS = Topics()


class Filer:
    """An owner of the only partition of a filed topic."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.log: list[Record] = []
        self.store: PostgresStore
        self.processor: FilingProcessor[Any]

    async def take_over(self, database: Any) -> None:
        """Become the owner, and go on where the last one was."""
        read, of_rows = filed_topics(TOPICS)[self.topic]
        self.store = PostgresStore(Settings(), TopicPartition(self.topic, 0), database, of_rows(0), reader=READER)
        await self.store.open()
        self.processor = FilingProcessor(self.topic, 0, read, self.store.found or Progress(0))

    async def file(self, records: Sequence[Record]) -> None:
        """Read what comes next in the log, and store it."""
        start = self.processor.next_offset
        chunk = Chunk.of(start, start + len(records), stored(records, start))
        finish(self.processor.apply(chunk, None))
        work = self.processor.take_work()
        assert work is not None
        await self.store.write(work)


def file(url: str, *stories: tuple[str, Sequence[Record]]) -> None:
    """One after the other, each by the next owner of its topic's partition."""

    async def scenario() -> None:
        async with patient(url) as database:
            for topic, records in stories:
                filer = Filer(topic)
                await filer.take_over(database)
                await filer.file(records)

    asyncio.run(scenario())


def test_a_breach_and_its_recovery_are_kept_whole(database: str) -> None:
    breach, recovery = alert("12:00"), alert("12:00", "12:20")
    file(database, (TOPICS.alerts, [published(breach), published(recovery)]))
    found = rows(database, "select * from alert order by time_ms")
    assert [one.pop("record") for one in found] == [breach, recovery]
    assert found[0] == {
        "incident_id": breach["incidentId"],
        "type": "BREACH",
        "app_key": APP,
        "metric": "webhook-delivery-success-rate",
        "scope": "Jira",
        "objective": "webhook-delivery-15m",
        "severity": "page",
        "reason": "BELOW_OBJECTIVE",
        "partner_id": None,
        "breached_at_ms": clock_ms("12:00"),
        "time_ms": clock_ms("12:00"),
        "known_ms": 1_772_452_860_000,
        "part": 0,
        "offset": 0,
    }
    assert (found[1]["type"], found[1]["breached_at_ms"], found[1]["time_ms"]) == (
        "RECOVERY",
        clock_ms("12:00"),
        clock_ms("12:20"),
    )


def test_what_was_published_twice_is_kept_once(database: str) -> None:
    file(database, (TOPICS.alerts, [published(alert("12:00"))] * 2), (TOPICS.alerts, [published(alert("12:00"))]))
    assert [one["offset"] for one in rows(database, 'select "offset" from alert')] == [0]


FORGED = {
    "another's key": (alert("12:00"), "com.other"),
    "an id of its own": (alert("12:00", incidentId="AAAAAAAAAAA"), None),
    "an app that was swapped": ({**alert("12:00"), "appKey": "com.other"}, None),
    "a metric that is none": (alert("12:00", metricName="Uptime"), None),
    "a recovery that is anomalous": (alert("12:00", "12:20", incidentStatus="ANOMALOUS"), None),
    "a breach that says it is restored": (alert("12:00", reason="RESTORED"), None),
    "a breach later than itself": (alert("12:00", time="2026-03-02T12:01:00Z"), None),
    "a recovery before its breach": (alert("12:00", "11:00"), None),
    "a window that ends elsewhere": (alert("12:00", windowEnd="2026-03-02T12:01:00Z"), None),
    "a window that is longer": (alert("12:00", measurementDurationSeconds=901), None),
    "a share of other counts": (alert("12:00", sliValue=61.0), None),
    "a share of nothing": (alert("12:00", goodCount=0, badCount=0), None),
    "no share of something": (alert("12:00", sliValue=None), None),
    "a breach without a bad event": (alert("12:00", badCount=0, sliValue=100.0), None),
    "a month that is none": (alert("12:00", windowStart="2026-13-02T11:45:00Z"), None),
    "a field left out": ({k: v for k, v in alert("12:00").items() if k != "severity"}, None),
}


@pytest.mark.parametrize("what", FORGED)
def test_what_contradicts_itself_is_no_alert(what: str) -> None:
    document, key = FORGED[what]
    (record,) = stored([published(document, key)])
    assert isinstance(read_alert_record(record), Rejection)


def test_what_is_no_alert_is_passed_over_and_said(database: str, caplog: pytest.LogCaptureFixture) -> None:
    bad = [published(document, key) for document, key in FORGED.values()]
    bad += [published(alert("12:00"))._replace(value=value) for value in (None, b"", b"nonsense", b"[]", b"9" * 70_000)]
    good = published(alert("12:00"))

    async def scenario() -> int:
        async with patient(database) as one:
            filer = Filer(TOPICS.alerts)
            await filer.take_over(one)
            await filer.file([*bad, good])
            return sum(n for count, n in filer.processor.counts.items() if count.labels == ("passed_over",))

    with caplog.at_level(logging.WARNING):
        assert asyncio.run(scenario()) == len(bad)
    assert "slo.alerts.v1[0] at 1 is passed over: schema: it does not hold that incidentId is made of" in caplog.text
    assert [one["offset"] for one in rows(database, 'select "offset" from alert')] == [len(bad)]


def test_the_catalogue_is_as_it_was_told_last(database: str) -> None:
    versions = [
        app("Charts", sent="09:00", partnerId="acme", enrolledAt="2026-03-01T00:00:00Z", urls=["https://a"]),
        app("Gone", sent="09:00", key="com.gone"),
        app("Charts 2", sent="10:00", partnerId="acme", excluded=["scanner"]),
        delisted("10:00", "com.gone"),
        delisted("10:00", "com.never"),
        app("Bad", sent="11:00", key="com.bad", email=""),
    ]
    file(database, (TOPICS.apps, versions[:3]), (TOPICS.apps, versions[3:]))
    assert rows(database, "select * from app") == [
        {
            "app_key": APP,
            "name": "Charts 2",
            "partner_id": "acme",
            "partner_name": "Example",
            "email": "on-call@example.com",
            "enrolled_at_ms": None,
            "healthcheck_urls": [],
            "excluded_client_keys": ["scanner"],
            "known_ms": clock_ms("10:00"),
            "part": 0,
            "offset": 2,
        }
    ]


def test_alerts_go_with_their_app_from_partner_to_partner(database: str) -> None:
    def partners() -> list[str | None]:
        return [one["partner_id"] for one in rows(database, "select partner_id from alert order by time_ms")]

    file(database, (TOPICS.alerts, [published(alert("12:00"))]))
    assert partners() == [None]
    file(database, (TOPICS.apps, [app("Charts", sent="09:00", partnerId="acme")]))
    assert partners() == ["acme"]
    file(database, (TOPICS.alerts, [published(alert("12:00", "12:20"))]))
    assert partners() == ["acme", "acme"]
    file(database, (TOPICS.apps, [app("Charts", sent="13:00", partnerId="foo")]))
    assert partners() == ["foo", "foo"]
    file(database, (TOPICS.apps, [delisted("13:00")]))
    assert partners() == [None, None]


def test_every_version_of_an_exclusion_is_kept(database: str) -> None:
    versions = [
        exclusion("09:00", "12:00", "13:00", reason="PLANNED_DOWNTIME", appKey=APP, scope="Jira", announcedAt="08:00"),
        exclusion("09:30", "12:00", None),
        exclusion(None, "12:00", "12:30", metricId="app-availability"),
        Record(TOPICS.exclusions, 0, b"e-1", None, clock_ms("10:00")),
        exclusion("11:00", "12:00", "11:00"),
    ]
    body = orjson.loads(versions[0].value or b"")
    versions[0] = versions[0]._replace(value=orjson.dumps({**body, "announcedAt": clock_ms("08:00")}))
    file(database, (TOPICS.exclusions, versions[:1]), (TOPICS.exclusions, versions[1:]))
    columns = "known_ms, app_key, metric, scope, reason, start_ms, end_ms, announced_ms"
    found = rows(database, f'select {columns} from exclusion order by part, "offset"')  # noqa: S608
    noon = clock_ms("12:00")
    with psycopg.connect(conninfo(database, Role.WRITER, "test")) as connection:
        read = read_exclusions(connection)
    taught = Reference(TOPICS)
    for record in stored(versions):
        taught.take(TOPICS.exclusions, record)
    for at in ("07:00", "09:00", "09:30", "10:00"):
        assert read.on_record(clock_ms(at)) == taught.exclusions.on_record(clock_ms(at))
    assert [tuple(one.values()) for one in found] == [
        (clock_ms("09:00"), APP, None, "Jira", "PLANNED_DOWNTIME", noon, clock_ms("13:00"), clock_ms("08:00")),
        (clock_ms("09:30"), None, None, None, "PLATFORM_FAULT", noon, None, None),
        (None, None, "app-availability", None, "PLATFORM_FAULT", noon, clock_ms("12:30"), None),
        (clock_ms("10:00"), *[None] * 7),
    ]


def test_a_name_that_the_database_cannot_hold_stops_nobody(database: str) -> None:
    key = "com.\0.app"
    file(
        database,
        (TOPICS.apps, [app("a\0b", sent="09:00", key=key, partnerId="p\0")]),
        (TOPICS.alerts, [published(alert("12:00", app=key))]),
        (TOPICS.exclusions, [exclusion("09:00", "12:00", None, key="\0", appKey=key)]),
    )
    (one,) = rows(database, "select app_key, partner_id, record ->> 'appKey' as told from alert")
    assert one == {"app_key": "com.\u2400.app", "partner_id": "p\u2400", "told": "com.\u2400.app"}
    assert rows(database, "select id, app_key from exclusion") == [{"id": "\u2400", "app_key": "com.\u2400.app"}]


def test_an_owner_that_was_followed_files_nothing(database: str) -> None:
    async def scenario() -> None:
        async with patient(database) as one:
            zombie, heir = Filer(TOPICS.alerts), Filer(TOPICS.alerts)
            await zombie.take_over(one)
            await heir.take_over(one)
            with pytest.raises(FencedError):
                await zombie.file([published(alert("12:00"))])
            await heir.file([published(alert("12:00"))])

    asyncio.run(scenario())
    assert len(rows(database, "select from alert")) == 1
