"""`slo-streams exclude` against a real Kafka."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from streams.kafka.topic_setup import prepare_topics
from streams.settings import Settings
from tests.cli.test_kafka_commands import run, settings
from tests.e2e.flow import Flow

__all__ = ["settings"]

HOUR_MS = 3_600_000
SOON = ("--start", "2040-03-01T02:00:00Z")
PLANNED = ("exclude", "add", "--app", "com.example.charts", "--reason", "planned")


@pytest.fixture
def prepared(settings: Settings) -> Settings:
    asyncio.run(prepare_topics(settings))
    return settings


def text(time_ms: int) -> str:
    return f"{datetime.fromtimestamp(time_ms / 1_000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def from_now(hours: int) -> int:
    """A full hour, so many hours from now or before."""
    return (time.time_ns() // 1_000_000 // HOUR_MS + hours) * HOUR_MS


def listed(settings: Settings) -> list[dict[str, Any]]:
    code, said = run(settings, "exclude", "list", "--json")
    assert code == 0
    found: list[dict[str, Any]] = orjson.loads(said)
    return found


def log(settings: Settings, folder: Path) -> list[tuple[str, Any]]:
    async def read() -> list[tuple[str, Any]]:
        flow = Flow(settings.bootstrap_servers, settings.topic_prefix, folder, partitions=settings.partitions)
        records = await flow.read(settings.topics.exclusions)
        return [(record.key.decode(), record.value and orjson.loads(record.value)) for record in records]

    return asyncio.run(read())


def test_planned_downtime_is_declared_and_ended(prepared: Settings, tmp_path: Path) -> None:
    start_ms = from_now(48)
    code, said = run(
        prepared, *PLANNED, "--metric", "webhook", "--start", text(start_ms), "--for", "2h", "--id", "CHG-1"
    )
    assert code == 0, said
    assert said.startswith("CHG-1: planned downtime of com.example.charts, webhook-delivery-success-rate, from ")
    assert "ahead: failures in that time are left out" in said
    assert "The catalogue knows no app com.example.charts" in said
    record = {
        "id": "CHG-1",
        "appKey": "com.example.charts",
        "metricId": "webhook-delivery-success-rate",
        "reason": "PLANNED_DOWNTIME",
        "scope": None,
        "start": start_ms,
        "end": start_ms + 2 * HOUR_MS,
        "announcedAt": None,
    }
    assert log(prepared, tmp_path) == [("CHG-1", record)]

    code, said = run(prepared, "exclude", "end", "CHG-1")
    assert code == 0
    assert log(prepared, tmp_path)[1:] == [("CHG-1", record | {"end": start_ms})]
    assert "over by" in run(prepared, "exclude", "end", "CHG-1")[1]

    code, said = run(prepared, "exclude", "end", "CHG-1", "--withdraw")
    assert code == 0
    assert log(prepared, tmp_path)[2:] == [("CHG-1", None)]
    assert listed(prepared) == []
    assert "No exclusions" in run(prepared, "exclude", "list")[1]
    code, said = run(prepared, "exclude", "end", "CHG-1")
    assert (code, "There is no exclusion CHG-1" in said) == (1, True)


def test_what_is_planned_too_late_is_told(prepared: Settings) -> None:
    code, said = run(prepared, *PLANNED, "--start", text(from_now(-3)), "--for", "9h", "--id", "CHG-2")
    assert code == 0
    assert "ANNOUNCED TOO LATE, so nothing is left out" in said
    (one,) = listed(prepared)
    assert (one["state"], one["takesEffect"]) == ("current", False)
    assert "TOO LATE: leaves nothing out" in run(prepared, "exclude", "list")[1]


def test_a_longer_one_keeps_its_notice_a_moved_one_does_not(prepared: Settings) -> None:
    start = ("--start", text(from_now(48)), "--id", "CHG-3")
    run(prepared, *PLANNED, *start, "--for", "1h")
    (before,) = listed(prepared)
    assert "1 of that id was on record and now replaced" in run(prepared, *PLANNED, *start, "--for", "5h")[1]
    (after,) = listed(prepared)
    assert after["announced"] == before["announced"]
    assert after["end"] - after["start"] == 5 * HOUR_MS
    assert "TOO LATE" in run(prepared, *PLANNED, "--start", text(from_now(-1)), "--id", "CHG-3", "--for", "5h")[1]


def test_a_ticket_announces_what_is_put_on_record_later(prepared: Settings) -> None:
    start_ms, told = from_now(-1), ("--announced-at", text(from_now(-9)))
    options = ("--start", text(start_ms), "--for", "5h", "--id", "CHG-4", "--scope", "Jira")
    code, said = run(prepared, *PLANNED, *options, *told)
    assert code == 0, said
    assert "Announced 8h ahead: failures in that time are left out." in said
    (one,) = listed(prepared)
    assert (one["announcedAt"], one["scope"], one["takesEffect"]) == (from_now(-9), "Jira", True)
    # Longer, and its ticket not named again: it was told in time all the same.
    assert "Announced 8h ahead" in run(prepared, *PLANNED, *options[:2], "--for", "7h", *options[4:])[1]
    assert "all metrics of Jira" in run(prepared, "exclude", "list")[1]


def test_a_fault_of_the_platform_is_open_until_it_is_ended(prepared: Settings) -> None:
    start_ms = from_now(-2)
    fault = ("exclude", "add", "--all-apps", "--reason", "platform-fault", "--start", text(start_ms))
    code, said = run(prepared, *fault)
    assert code == 0
    assert "until it is ended" in said
    exclusion_id = said.partition(":")[0]
    (one,) = listed(prepared)
    assert one | {"announced": None} == {
        "id": exclusion_id,
        "appKey": None,
        "metricId": None,
        "reason": "PLATFORM_FAULT",
        "start": start_ms,
        "end": None,
        "state": "current",
        "takesEffect": True,
        "scope": None,
        "announcedAt": None,
        "announced": None,
    }
    assert run(prepared, "exclude", "end", exclusion_id, "--at", text(start_ms + HOUR_MS))[0] == 0
    (one,) = listed(prepared)
    assert (one["start"], one["end"], one["state"]) == (start_ms, start_ms + HOUR_MS, "past")


def test_recurring_maintenance_is_a_record_each_and_ends_as_one(prepared: Settings, tmp_path: Path) -> None:
    weekly = ("--repeat", "FREQ=WEEKLY;BYDAY=SU;COUNT=8", "--id", "upgrades")
    local = ("--start", "2040-03-01T02:00", "--tz", "Europe/Berlin", "--for", "2h")
    code, said = run(prepared, *PLANNED, *local, *weekly)
    assert code == 0, said
    assert "upgrades: 8 times planned downtime of com.example.charts" in said
    ids = [key for key, _ in log(prepared, tmp_path)]
    assert sorted(ids) == [
        *("upgrades-20400304T0100Z", "upgrades-20400311T0100Z", "upgrades-20400318T0100Z", "upgrades-20400325T0100Z"),
        *("upgrades-20400401T0000Z", "upgrades-20400408T0000Z", "upgrades-20400415T0000Z", "upgrades-20400422T0000Z"),
    ]
    code, said = run(prepared, *PLANNED, *local, "--repeat", "FREQ=WEEKLY;BYDAY=SA;COUNT=1", "--id", "upgrades")
    assert "8 other occurrences of upgrades stay" in said

    code, said = run(prepared, "exclude", "end", "upgrades", "--at", "2040-04-01T00:30:00Z")
    assert code == 0
    assert "upgrades-20400401T0000Z: now from 2040-04-01 00:00:00Z until 2040-04-01 00:30:00Z (30m)" in said
    assert "3 were still to come: called off, so nothing is left out.\n" in said
    assert "(0" not in said
    assert {one["state"] for one in listed(prepared) if one["start"] > one["end"] - 1} == {"called off"}
    ends = {one["id"]: one["end"] - one["start"] for one in listed(prepared)}
    assert ends.pop("upgrades-20400401T0000Z") == HOUR_MS // 2
    assert sorted(ends.values()) == [0] * 3 + [2 * HOUR_MS] * 5
    code, said = run(prepared, "exclude", "end", "upgrades", "--withdraw")
    assert "9 withdrawn" in said
    assert listed(prepared) == []


def test_a_rule_without_a_bound_says_how_far_it_is_followed(prepared: Settings) -> None:
    start = ("--start", text(from_now(24)), "--for", "30m", "--id", "nightly")
    code, said = run(prepared, *PLANNED, *start, "--repeat", "FREQ=DAILY")
    assert code == 0
    assert "first 90 days" in said
    assert len(listed(prepared)) == 91
    assert {one["state"] for one in listed(prepared)} == {"coming"}


def test_current_ones_come_first_and_past_ones_last(prepared: Settings) -> None:
    for name, hours in (("past", -9), ("older", -19), ("coming", 9), ("later", 19), ("current", -1)):
        run(prepared, *PLANNED, "--start", text(from_now(hours)), "--for", "3h", "--id", name)
    assert [one["id"] for one in listed(prepared)] == ["current", "coming", "later", "past", "older"]


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (("--reason", "planned", "--start", "now", "--for", "1h"), "--app"),
        ((*PLANNED[2:], "--start", "now", "--for", "1h"), "announced before its start"),
        ((*PLANNED[2:], "--start", "2040-03-01T02:00:00Z", "--for", "5"), "Write 5m or 5h"),
        (
            (*PLANNED[2:], "--start", "2040-03-01T02:00:00Z", "--for", "5h", "--announced-at", "2039-03-01T02:00:00Z"),
            "still",
        ),
        (
            ("--all-apps", "--reason", "platform-fault", "--start", "now", "--announced-at", "now"),
            "only what is planned",
        ),
        (("--reason", "planned", "--start", "now", "--for", "1h", "--app", "a", "--all-apps"), "--app"),
        ((*PLANNED[2:], *SOON), "--end"),
        ((*PLANNED[2:], *SOON, "--for", "1h", "--end", "now"), "--end"),
        ((*PLANNED[2:], "--start", "2026-03-01T02:00:00Z", "--end", "2026-03-01T02:00:00Z"), "--end"),
        ((*PLANNED[2:], "--start", "2026-03-01T02:00", "--for", "1h"), "--start"),
        ((*PLANNED[2:], "--start", "tomorrow", "--for", "1h"), "--start"),
        ((*PLANNED[2:], *SOON, "--for", "0s"), "--for"),
        ((*PLANNED[2:], *SOON, "--for", "long"), "--for"),
        ((*PLANNED[2:], *SOON, "--for", "1h", "--tz", "Mars/Base"), "--tz"),
        ((*PLANNED[2:], *SOON, "--for", "1h", "--metric", "speed"), "--metric"),
        ((*PLANNED[2:], *SOON, "--for", "1h", "--repeat", "often"), "--repeat"),
        ((*PLANNED[2:], *SOON, "--for", "1h", "--id", "x" * 257), "id:"),
        (("--all-apps", "--reason", "platform-fault", "--start", "now", "--repeat", "FREQ=DAILY;COUNT=2"), "--for"),
    ],
)
def test_what_cannot_be_declared_is_told_before_anything_is_asked(options: tuple[str, ...], hint: str) -> None:
    code, said = run(Settings(bootstrap_servers="127.0.0.1:1"), "exclude", "add", *options)
    assert code == 2
    assert hint in said
