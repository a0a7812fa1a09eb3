"""The month before the sample feed: of each app a few events an hour, and some outages, the same for the same end."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Final

import orjson

from streams.names import AVAILABILITY, IFRAME, INSTALLATION, WEBHOOK, Metric
from streams.run.sample import DURATION_MS, MINUTE_MS, SampleEvent
from streams.run.sample_story import APP_KEYS

DAYS: Final = 28
STEP_MS: Final = 15 * MINUTE_MS
_DAY_MS: Final = 1_440 * MINUTE_MS
_QUIET_MS: Final = _DAY_MS  # so long before the feed nothing is installed: its story is about all of its 24 hours


@dataclass(frozen=True, slots=True)
class PastOutage:
    """Every event of an app's metric failed for so many hours, so many days before the feed."""

    metric: Metric
    app_key: str
    days_before: float
    hours: float


SHOWN_APP: Final = "com.acme.charts"
"""An app whose month is worth a look."""

PAST_OUTAGES: Final = (
    PastOutage(AVAILABILITY, SHOWN_APP, 24.2, 0.5),
    PastOutage(AVAILABILITY, SHOWN_APP, 12.6, 1),
    PastOutage(AVAILABILITY, "io.brightlane.forms", 9.4, 2),
    PastOutage(AVAILABILITY, "com.lumina.checklists", 3.3, 0.5),
    PastOutage(IFRAME, "com.acme.timesheets", 20.1, 4),
    PastOutage(IFRAME, "com.lumina.charts", 6.7, 12),
    PastOutage(WEBHOOK, "io.brightlane.diagrams", 17.5, 3),
    PastOutage(WEBHOOK, "com.northwind.charts", 2.2, 10),
)

_GOOD: Final[dict[str, dict[str, Any]]] = {
    AVAILABILITY.id: {"statusCode": 200},
    IFRAME.id: {"moduleType": "generalPages", "source": "HOST", "clientKey": "site-01", "bridgeInMillis": 700.0},
    INSTALLATION.id: {"clientKey": "site-01", "lifecycle": "installed", "statusCode": 200},
    WEBHOOK.id: {"clientKey": "site-01", "event": "updated", "statusCode": 204},
}
_BAD: Final = {IFRAME.id: {"bridgeInMillis": None}}
_FAILED: Final = {"statusCode": 503}
_EVERY_STEPS: Final = {AVAILABILITY.id: 1, IFRAME.id: 1, WEBHOOK.id: 1, INSTALLATION.id: 48}


def past_feed(end_ms: int, seed: int = 1) -> Iterator[SampleEvent]:
    """About 300,000 events of the 28 days before the feed that ends at `end_ms`, in time order."""
    chance = Random(seed)
    feed_ms = end_ms - DURATION_MS
    makers = [
        _Maker(metric, app_key, index, feed_ms, chance)
        for index, app_key in enumerate(APP_KEYS)
        for metric in (AVAILABILITY, IFRAME, WEBHOOK, INSTALLATION)
    ]
    makers.sort(key=lambda one: one.offset_ms)
    for number, start_ms in enumerate(range(feed_ms - DAYS * _DAY_MS, feed_ms, STEP_MS)):
        for maker in makers:
            if number % maker.every == 0:
                time_ms = start_ms + maker.offset_ms
                if maker.metric is not INSTALLATION or time_ms < feed_ms - _QUIET_MS:
                    yield maker.event(time_ms)


class _Maker:
    """The events of one app and metric: at a fixed moment of each step, alike but for their time and duration."""

    def __init__(self, metric: Metric, app_key: str, index: int, feed_ms: int, chance: Random) -> None:
        self.metric = metric
        self.every = _EVERY_STEPS[metric.id]
        self.offset_ms = chance.randrange(MINUTE_MS)  # of all in the same minute: few boundaries have anything to judge
        self._app_key = app_key
        self._outages_ms = [
            (feed_ms - int(one.days_before * _DAY_MS), feed_ms - int((one.days_before - one.hours / 24) * _DAY_MS))
            for one in PAST_OUTAGES
            if (one.metric, one.app_key) == (metric, app_key)
        ]
        vendor, _, name = app_key.rpartition(".")
        place = {"product": "Confluence" if index % 2 else "Jira"}
        if metric is AVAILABILITY:
            place = {"baseUrl": f"https://{name}.{vendor.partition('.')[2]}.example/health"}
        good = {"appKey": app_key, **place, **_GOOD[metric.id]}
        self._good, self._bad = (_template(one) for one in (good, {**good, **_BAD.get(metric.id, _FAILED)}))
        self._durations = [round(180 * min(4.0, chance.lognormvariate(0, 0.4)), 1) for _ in range(50)]
        self._number = 0

    def event(self, time_ms: int) -> SampleEvent:
        """The one at a time."""
        self._number += 1
        is_bad = any(start_ms <= time_ms < end_ms for start_ms, end_ms in self._outages_ms)
        template = self._bad if is_bad else self._good
        value = template % (time_ms, self._durations[self._number % len(self._durations)])
        return SampleEvent(self.metric, self._app_key, value, time_ms)


def _template(fields: dict[str, Any]) -> bytes:
    return orjson.dumps(fields)[:-1].replace(b"%", b"%%") + b',"time":%d,"durationInMillis":%.1f}'
