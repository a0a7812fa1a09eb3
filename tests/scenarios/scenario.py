"""A scenario file: what happened, line by line, and which alerts an on-call engineer must have seen.

    story: what this is about
    objectives: [webhook-delivery-15m]          # shipped ones by name; or changed for the story:
                                                # - {use: webhook-delivery-15m, alertAfter: 3m}
    until: "13:00"                              # every boundary up to here is judged
    events:
      - {at: "12:00..12:59", every: 60s, webhook: {statusCode: 204}}   # both ends included
      - {at: "12:05", times: 3, delay: 8s, webhook: {statusCode: 500}} # arrives 8 s after it happened
      - {at: "11:00", exclusion: {id: deploy, reason: PLANNED_DOWNTIME, start: "12:20", end: "12:30"}}
      - {at: "11:30", withdraw: deploy}
      - {at: "11:00", app: {name: Charts, excludedClientKeys: [scanner]}}
    expect:
      - {at: "12:06", type: BREACH, good: 6, bad: 3}

All times are UTC on one day, `+1d 08:00` on the next, `-1d 08:00` on the one before, always quoted (YAML takes 12:00
for the number 720). An event is a `check`, an `iframe`, a `callback` or a `webhook`: a good one but for the fields
given. It arrives as it happens, or after a `delay`, or when `arrives` says; that is its Kafka timestamp too, unless it
is `unstamped`. Everything lies in one partition. An `exclusion` is of all apps, metrics and scopes but for the fields
given; it, what withdraws it, an `app` of the catalogue, and its removal (`delist`) are sent `at` that moment.
"""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import zip_longest
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field

from streams.durations import duration_ms
from streams.evaluation.objective import Objective, Silence
from streams.objectives import load_objectives
from tests.model.alert import Alert
from tests.model.invariants import boundary_order
from tests.model.record import Record
from tests.scenarios.line import Line, Strict

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
    "name": "name",
    "partnerName": "partnerName",
}


class ChangedObjective(Strict):
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
    holdFor: str | None = None  # noqa: N815
    shortWindow: str | None = None  # noqa: N815

    def objective(self, shipped: dict[str, Objective]) -> Objective:
        """The objective meant."""
        base = shipped[self.use]
        return replace(
            base,
            name=self.name or base.name,
            window_ms=duration_ms(self.window) if self.window else base.window_ms,
            hop_ms=duration_ms(self.hop) if self.hop else base.hop_ms,
            budget=Fraction(1 - Decimal(self.target)) if self.target else base.budget,
            minimum_events=self.minimumEvents or base.minimum_events,
            alert_after_ms=duration_ms(self.alertAfter) if self.alertAfter else base.alert_after_ms,
            recover_after_ms=duration_ms(self.recoverAfter) if self.recoverAfter else base.recover_after_ms,
            silence=Silence(self.silence) if self.silence else base.silence,
            hold_for_ms=duration_ms(self.holdFor) if self.holdFor else base.hold_for_ms,
            short_ms=duration_ms(self.shortWindow) if self.shortWindow else base.short_ms,
        )


class Scenario(Strict):
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

    def without_names(self) -> "Scenario":
        """The same, whatever its apps are called."""
        nameless = [{k: v for k, v in one.items() if k not in ("name", "partnerName")} for one in self.expect]
        return self.model_copy(update={"expect": nameless})

    def seen(self, alerts: list[Alert]) -> list[dict[str, Any]]:
        """The alerts as the file would expect them: each with the fields its expectation names."""
        everything = dict.fromkeys(_ALERT_FIELDS)
        return [
            {name: _written((alert | alert["appDetails"])[_ALERT_FIELDS[name]]) for name in expected or everything}
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
