"""One line of a scenario: what happened, as records."""

from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, model_validator

from streams.durations import duration_ms
from streams.names import AVAILABILITY, IFRAME, INSTALLATION, WEBHOOK, Metric, Topics
from tests.model.build import LISTED, ORDINARY, clock_ms
from tests.model.record import Record

TOPICS = Topics()
APP = "com.example.app"


class Strict(BaseModel):
    """A part of a scenario file: every word in it means something."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Line(Strict):
    """Records of one kind: one, several at once, or one every so often."""

    at: str
    every: str | None = None
    times: int = 1
    delay: str = "0s"
    arrives: str | None = None
    unstamped: bool = False
    check: dict[str, Any] | None = None
    iframe: dict[str, Any] | None = None
    callback: dict[str, Any] | None = None
    webhook: dict[str, Any] | None = None
    exclusion: dict[str, Any] | None = None
    withdraw: str | None = None
    app: dict[str, Any] | None = None
    delist: str | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> "Line":
        said = [*(fields for _, fields in self._kinds()), self.exclusion, self.withdraw, self.app, self.delist]
        if sum(it is not None for it in said) != 1 or (".." in self.at) != (self.every is not None):
            raise ValueError(
                "give one of check, iframe, callback, webhook, exclusion, withdraw, app, delist; "
                "and `every` with a range of times"
            )
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
        arrival_ms = clock_ms(self.arrives) if self.arrives else time_ms + duration_ms(self.delay)
        topic, key, body = self._said(time_ms)
        timestamp_ms = None if self.unstamped else arrival_ms
        return arrival_ms, Record(topic, 0, key.encode(), None if body is None else orjson.dumps(body), timestamp_ms)

    def _said(self, time_ms: int) -> tuple[str, str, dict[str, Any] | None]:
        """(topic, key, value)."""
        if self.withdraw is not None:
            return TOPICS.exclusions, self.withdraw, None
        if self.exclusion is not None:
            clocks = {name: self.exclusion.get(name) for name in ("start", "end", "announcedAt")}
            times = {name: None if clock is None else clock_ms(clock) for name, clock in clocks.items()}
            return TOPICS.exclusions, self.exclusion["id"], self.exclusion | times
        if self.delist is not None:
            return TOPICS.apps, self.delist, None
        if self.app is not None:
            listed = {"appKey": APP, **LISTED, **self.app}
            return TOPICS.apps, listed["appKey"], listed
        ((metric, fields),) = ((metric, fields) for metric, fields in self._kinds() if fields is not None)
        body = {"appKey": APP, "time": time_ms, **ORDINARY[metric.id], **fields}
        return TOPICS.input(metric), body["appKey"], body
