"""Facts of the ladder in a database, and what became of them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import psycopg
from psycopg.types.json import Jsonb

from streams.database.connection import conninfo
from streams.database.roles import Role
from streams.impact.step import StandingChange, StandingStep
from streams.names import AVAILABILITY
from streams.objectives import load_objectives
from streams.settings import Settings
from streams.standing.facts import DAY_MS, Rules
from tests.desk.build import desk

APP = "com.example.app"
URL = "https://app.example.com"
DAY_0_MS = 20_500 * DAY_MS
HOUR_MS = 3_600_000


def at(day: float) -> int:
    """A time so many days after the first one of a test."""
    return DAY_0_MS + round(day * DAY_MS)


@dataclass
class Ladder:
    """The desk of a test, with its database; `told` is what it had told, newest last."""

    url: str
    rules: Rules = field(default_factory=Rules)
    told: list[StandingChange] = field(default_factory=list)

    def breach(
        self, day: float, hours: float = 1, *, app: str = APP, recovery: str | None = "RESTORED", window_s: int = 900
    ) -> str:
        """A breach of an hour, and its recovery unless that has no reason."""
        breached_ms, incident = at(day), f"{app[-3:]}{round(day * 1_000):08}"
        rows = [("BREACH", "BELOW_OBJECTIVE", breached_ms)]
        if recovery is not None:
            rows.append(("RECOVERY", recovery, breached_ms + round(hours * HOUR_MS)))
        record = {"measurementDurationSeconds": window_s, "sloValue": 99.0}
        with self.connect() as connection:
            for kind, reason, time_ms in rows:
                connection.execute(
                    """insert into alert (incident_id, type, app_key, metric, scope, objective, severity, reason,
                    breached_at_ms, time_ms, part, "offset", record)
                    values (%s, %s, %s, %s, %s, 'availability', 'page', %s, %s, %s, 0, 0, %s)""",
                    [incident, kind, app, AVAILABILITY.id, URL, reason, breached_ms, time_ms, Jsonb(record)],
                )
        return incident

    def execute(self, query: str, *values: object) -> None:
        with self.connect() as connection:
            connection.execute(query.encode(), values)

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self.connect() as connection:
            return connection.execute(query.encode(), values).fetchall()

    def connect(self) -> "psycopg.Connection[tuple[Any, ...]]":
        return psycopg.connect(conninfo(self.url, Role.WRITER, "test"))

    def exclude(self, name: str, start: float, end: float | None, *, offset: int = 0) -> None:
        """A fault of the platform; without an end it is withdrawn."""
        told = [None] * 3 if end is None else ["PLATFORM_FAULT", at(start), at(end)]
        self.execute(
            """insert into exclusion (part, "offset", id, known_ms, reason, start_ms, end_ms)
            values (0, %s, %s, %s, %s, %s, %s)""",
            *(offset, name, at(0) + offset, *told),
        )

    def passes(self, day: float) -> None:
        """All events up to then were seen."""
        self.execute(
            """insert into sink_offset (reader, topic, part, epoch, watermark_ms) values ('history', %s, 0, 1, %s)
            on conflict (reader, topic, part) do update set watermark_ms = excluded.watermark_ms""",
            *(Settings().topics.input(AVAILABILITY), at(day) + 10_000),
        )

    def decide(self, day: float, act: str, stage: str | None = None) -> None:
        self.execute(
            "insert into decision (app_key, act, stage, who, why, at_ms) values (%s, %s, %s, 'ann', 'so', %s)",
            *(APP, act, stage, at(day)),
        )

    def judge(self) -> list[tuple[float, str, str]]:
        """Let the desk do all that waits: day, stage and reason of what it had told."""
        self.told.clear()

        async def tell(_connection: object, changes: Sequence[StandingChange]) -> None:
            self.told.extend(changes)

        async def scenario() -> None:
            async with desk(self.url, StandingStep(Settings(), load_objectives(), self.rules, tell)) as one:
                while await one.turn():
                    pass

        asyncio.run(scenario())
        return [
            ((one.change.at_ms - DAY_0_MS) / DAY_MS, one.change.stage.value, one.change.reason.value)
            for one in self.told
        ]

    def published(self) -> list[dict[str, Any]]:
        """What is in the outbox."""
        return [orjson.loads(value) for (value,) in self.rows("select value from outbox order by position")]
