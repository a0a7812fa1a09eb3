"""A desk that is killed at each step of its work finds an incident once, tells of it once, and publishes it once."""

import asyncio
import re
import sys
from typing import Any

import pytest

from streams.kafka.bulk import committed_records
from streams.kafka.cluster import partitions_of
from tests.database_fixture import own_database
from tests.desk.test_outbox import left
from tests.incidents.build import fault, file, patient, rows
from tests.incidents.desk_process import settings_of
from tests.kafka_fixture import Kafka

STEPS = ("read", "find", "look", "commit", "send", "published", "settle")


async def run_desk(url: str, kafka: Kafka, prefix: str, step: str, nth: int = 1) -> int | None:
    """One in a process of its own; its exit status."""
    command = [sys.executable, "-m", "tests.incidents.desk_process", url, kafka.bootstrap_servers, prefix, step]
    process = await asyncio.create_subprocess_exec(*command, str(nth))
    return await process.wait()


async def fill(url: str) -> None:
    """A dozen apps begin to breach at noon, and four more some minutes later; all is over half an hour after that."""
    async with patient(url) as one:
        await file(one, [*fault(12, "12:00", "12:20"), *fault(16, "12:07", "12:20")[24:]])


def story(url: str) -> dict[str, Any]:
    """What is on record: each incident, its timeline, and what was told to whom."""
    return {
        "incidents": [(one["verdict"], one["record"]) for one in rows(url, "select * from incident order by id")],
        "entries": [
            (one["incident"], one["act"], one["at_ms"], one["data"])
            for one in rows(url, "select * from incident_entry order by id")
        ],
        "told": [
            (_unnumbered(one["id"]), one["kind"])
            for one in rows(url, "select * from notification order by time_ms, kind, id")
        ],
        "deliveries": sorted(_unnumbered(one["id"]) for one in rows(url, "select * from delivery")),
    }


def _unnumbered(name: str) -> str:
    """Without the entry's number: what was rolled back has taken some."""
    return re.sub(r"-\d+(?=[-.]|$)", "", name)


@pytest.mark.timeout(300)
def test_killed_at_each_step_it_says_what_one_says_that_lives(
    kafka: Kafka, topic_prefix: str, database: str, postgres: str, migrated: str
) -> None:
    async def scenario(other: str) -> None:
        for url in (database, other):
            await fill(url)
        undisturbed = f"{topic_prefix}.u."
        assert await run_desk(other, kafka, undisturbed, "none") == 0
        expected = story(other)
        assert [verdict for verdict, _ in expected["incidents"]] == ["CANDIDATE"]
        assert [act for _, act, *_ in expected["entries"]].count("FOUND") == 1
        for step in STEPS:
            assert await run_desk(database, kafka, topic_prefix, step) == -9, step
        assert await run_desk(database, kafka, topic_prefix, "none") == 0
        assert story(database) == expected
        assert (left(database), left(other)) == (0, 0)
        should = await everything(kafka, undisturbed)
        assert len(should) >= 3  # found, grown, over
        assert await everything(kafka, topic_prefix) == should

    with own_database(postgres, template=migrated) as other:
        asyncio.run(scenario(other))


async def everything(kafka: Kafka, prefix: str) -> list[bytes | None]:
    """What whoever reads what is committed sees of the incidents' topic, to its end."""
    settings = settings_of(kafka.bootstrap_servers, prefix)
    places = await partitions_of(settings, [settings.topics.incidents])
    return [record.value async for record in committed_records(settings, places)]
