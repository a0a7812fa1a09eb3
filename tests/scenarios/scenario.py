"""A scenario file: what happened, line by line, and which alerts an on-call engineer must have seen.

    story: what this is about
    objectives: [webhook-delivery-15m]          # shipped ones by name; or changed for the story:
                                                # - {use: webhook-delivery-15m, alertAfter: 3m}
    until: "13:00"                              # every boundary up to here is judged
    events:
      - {at: "12:00..12:59", every: 60s, webhook: {statusCode: 204}}   # both ends included
      - {at: "12:05", times: 3, delay: 8s, webhook: {statusCode: 500}} # arrives 8 s after it happened
    expect:
      - {at: "12:06", type: BREACH, good: 6, bad: 3}

All times are UTC on one day, `+1d 08:00` on the next, always quoted (YAML takes 12:00 for the number 720). An event is
a `check`, an `iframe`, a `callback` or a `webhook`: a good one but for the fields given. It arrives as it happens, or
after a `delay`, or when `arrives` says; that is its Kafka timestamp too. Everything lies in one partition.
"""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import zip_longest
from pathlib import Path
from typing import Any

import orjson
import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from streams.durations import duration_ms
from streams.evaluation.objective import Objective, Silence
from streams.names import AVAILABILITY, IFRAME, INSTALLATION, WEBHOOK, Metric, Topics
from streams.objectives import load_objectives
from tests.model.alert import Alert
from tests.model.build import ORDINARY, clock_ms
from tests.model.invariants import boundary_order
from tests.model.record import Record

APP = "com.example.app"

_ALERT_FIELDS = {
    "at": "time",
    "type": "type",
    "good": "goodCount",
    "bad": "badCount",
    "reason": "reason",
    "app": "appKey",
    "scope": "scope",
    "objective": "objective",
    "breachedAt": "breachedAt",
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ChangedObjective(_Strict):
    """A shipped objective with other numbers."""

    use: str
    name: str | None = None
    window: str | None = None
    hop: str | None = None
    target: str | None = None
    minimumEvents: int | None = None  # noqa: N815 - as in an OpenSLO file
    alertAfter: str | None = None  # noqa: N815
    recoverAfter: str | None = None  # noqa: N815
    silence: str | None = None

    def objective(self, shipped: dict[str, Objective]) -> Objective:
        """The objective meant."""
        base = shipped[self.use]
        hop_ms = duration_ms(self.hop) if self.hop else base.hop_ms
        return replace(
            base,
            name=self.name or base.name,
            window_ms=duration_ms(self.window) if self.window else base.window_ms,
            hop_ms=hop_ms,
            budget=Fraction(1 - Decimal(self.target)) if self.target else base.budget,
            minimum_events=self.minimumEvents or base.minimum_events,
            alert_after=_boundaries(self.alertAfter, hop_ms) if self.alertAfter else base.alert_after,
            recover_after=_boundaries(self.recoverAfter, hop_ms) if self.recoverAfter else base.recover_after,
            silence=Silence(self.silence) if self.silence else base.silence,
        )


def _boundaries(duration: str, hop_ms: int) -> int:
    return max(1, -(-duration_ms(duration) // hop_ms))


class Line(_Strict):
    """Events of one kind: one, several at once, or one every so often."""

    at: str
    every: str | None = None
    times: int = 1
    delay: str = "0s"
    arrives: str | None = None
    check: dict[str, Any] | None = None
    iframe: dict[str, Any] | None = None
    callback: dict[str, Any] | None = None
    webhook: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> "Line":
        if sum(fields is not None for _, fields in self._kinds()) != 1 or (".." in self.at) != (self.every is not None):
            raise ValueError("give one of check, iframe, callback, webhook; and `every` with a range of times")
        return self

    def _kinds(self) -> list[tuple[Metric, dict[str, Any] | None]]:
        return [
            (AVAILABILITY, self.check),
            (IFRAME, self.iframe),
            (INSTALLATION, self.callback),
            (WEBHOOK, self.webhook),
        ]

    def arrivals(self) -> list[tuple[int, Record]]:
        """(moment of arrival, record) of every event of the line."""
        first, _, last = self.at.partition("..")
        step_ms = duration_ms(self.every) if self.every else 1
        moments_ms = range(clock_ms(first), clock_ms(last or first) + 1, step_ms)
        return [self._arrival(time_ms) for time_ms in moments_ms for _ in range(self.times)]

    def _arrival(self, time_ms: int) -> tuple[int, Record]:
        ((metric, fields),) = ((metric, fields) for metric, fields in self._kinds() if fields is not None)
        arrival_ms = clock_ms(self.arrives) if self.arrives else time_ms + duration_ms(self.delay)
        body = {"appKey": APP, "time": time_ms, **ORDINARY[metric.id], **fields}
        key = body["appKey"].encode()
        return arrival_ms, Record(Topics().input(metric), 0, key, orjson.dumps(body), arrival_ms)


class Scenario(_Strict):
    """One file."""

    story: str
    objectives: list[str | ChangedObjective] = Field(min_length=1)
    lateness: str = "10s"
    until: str
    events: list[Line] = Field(min_length=1)
    expect: list[dict[str, str | int | None]]

    def records(self) -> list[Record]:
        """The log, in order of arrival; what arrives together in the order of the file."""
        arrivals = [arrival for line in self.events for arrival in line.arrivals()]
        return [record for _, record in sorted(arrivals, key=lambda arrival: arrival[0])]

    def judged_by(self) -> tuple[Objective, ...]:
        """The objectives of the story."""
        shipped = {objective.name: objective for objective in load_objectives()}
        return tuple(shipped[it] if isinstance(it, str) else it.objective(shipped) for it in self.objectives)

    def seen(self, alerts: list[Alert]) -> list[dict[str, Any]]:
        """The alerts as the file would expect them: each with the fields its expectation names."""
        everything = dict.fromkeys(_ALERT_FIELDS)
        return [
            {name: _written(alert[_ALERT_FIELDS[name]]) for name in expected or everything}
            for alert, expected in zip_longest(sorted(alerts, key=boundary_order), self.expect[: len(alerts)])
        ]


def _written(value: Any) -> Any:
    """A time of an alert as scenarios write it."""
    if isinstance(value, str) and value.startswith("2026-03-") and value.endswith(":00Z"):
        days = int(value[8:10]) - 2
        return f"{f'+{days}d ' if days else ''}{value[11:16]}"
    return value


def read_scenario(path: Path) -> Scenario:
    """A scenario from its file."""
    return Scenario.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
