"""A sample feed: the last two hours of three dozen apps, the same for the same seed and end."""

from collections.abc import Callable, Iterator
from heapq import merge
from random import Random
from typing import Any, NamedTuple

import orjson

from streams.names import AVAILABILITY, IFRAME, INSTALLATION, WEBHOOK, Metric
from streams.run.sample_story import (
    APP_KEYS,
    APPS_WITH_OWN_EVENTS,
    OUTAGES,
    ROLL_OUT_APP,
    ROLL_OUT_MIN,
    Outage,
)

DURATION_MS = 7_200_000
MINUTE_MS = 60_000

Fields = dict[str, Any]


class SampleEvent(NamedTuple):
    """One event of the feed; `time_ms` is its event time and its Kafka timestamp."""

    metric: Metric
    app_key: str
    value: bytes
    time_ms: int


def sample_feed(end_ms: int, seed: int = 1) -> Iterator[SampleEvent]:
    """About 100,000 events of [`end_ms` - 2 h, `end_ms`), in time order over all apps and metrics."""
    start_ms = end_ms - DURATION_MS
    streams: list[Iterator[SampleEvent]] = []
    for index, app_key in enumerate(APP_KEYS):
        rng = Random(f"{seed}/{app_key}")
        streams += _app_streams(rng, app_key, index, start_ms)
    return merge(*streams, key=lambda event: event.time_ms)


def _app_streams(rng: Random, app_key: str, index: int, start_ms: int) -> list[Iterator[SampleEvent]]:
    product = "Confluence" if index % 2 else "Jira"
    busyness = rng.uniform(0.6, 1.4)

    def stream(metric: Metric, per_minute: float, make: Callable[[Random, int], Fields]) -> Iterator[SampleEvent]:
        return _stream(Random(rng.random()), metric, app_key, start_ms, per_minute, make)

    host = app_key.split(".")[1]
    urls = [f"https://{app_key.rpartition('.')[2]}.{host}.example/health"]
    if index % 4 == 0:
        urls.append(urls[0].replace("/health", "/eu/health"))  # a data residency region is a base URL of its own
    streams = [stream(AVAILABILITY, 1, _health_check(url)) for url in urls]
    streams.append(stream(IFRAME, 10 * busyness, _iframe_load(product, "HOST")))
    if app_key in APPS_WITH_OWN_EVENTS:
        streams.append(stream(IFRAME, 10 * busyness, _iframe_load(product, "APP")))
    streams.append(stream(WEBHOOK, 12 * busyness, _webhook(product)))
    installations = list(stream(INSTALLATION, 0.5, _installation(product)))
    streams.append(iter(installations))
    if app_key == ROLL_OUT_APP:
        streams.append(_roll_out(Random(rng.random()), product, start_ms, installations))
    return streams


def _stream(
    rng: Random,
    metric: Metric,
    app_key: str,
    start_ms: int,
    per_minute: float,
    make: Callable[[Random, int], Fields],
) -> Iterator[SampleEvent]:
    """Events at one a step, each somewhere in its step, hence in time order; health checks at a fixed moment of it."""
    step_ms = MINUTE_MS / per_minute
    fixed = rng.random() if metric is AVAILABILITY else None
    outages = [outage for outage in OUTAGES if outage.metric is metric and outage.app_key == app_key]
    for index in range(int(DURATION_MS / step_ms)):
        elapsed_ms = int((index + (rng.random() if fixed is None else fixed)) * step_ms)
        fields = make(rng, index)
        for outage in outages:
            if _hits(outage, elapsed_ms, fields) and rng.random() < outage.share:
                fields |= outage.fields
        yield _event(metric, app_key, start_ms + elapsed_ms, fields)


def _hits(outage: Outage, elapsed_ms: int, fields: Fields) -> bool:
    return outage.covers(elapsed_ms) and outage.source in (None, fields.get("source"))


def _roll_out(rng: Random, product: str, start_ms: int, before: list[SampleEvent]) -> Iterator[SampleEvent]:
    """99 good installations for each bad one: with any other good one, at least 99 % of the day are good."""
    bad = sum(orjson.loads(event.value)["statusCode"] != 200 for event in before)
    from_ms, until_ms = (start_ms + minute * MINUTE_MS for minute in ROLL_OUT_MIN)
    step_ms = (until_ms - from_ms) / (99 * bad)
    for index in range(99 * bad):
        fields = {**_installation(product)(rng, index), "lifecycle": "installed"}
        yield _event(INSTALLATION, ROLL_OUT_APP, int(from_ms + index * step_ms), fields)


def _event(metric: Metric, app_key: str, time_ms: int, fields: Fields) -> SampleEvent:
    return SampleEvent(metric, app_key, orjson.dumps({"appKey": app_key, "time": time_ms, **fields}), time_ms)


def _health_check(url: str) -> Callable[[Random, int], Fields]:
    def make(rng: Random, _index: int) -> Fields:
        return {"baseUrl": url, "statusCode": 200, "durationInMillis": _duration_ms(rng, 120), "error": None}

    return make


def _iframe_load(product: str, source: str) -> Callable[[Random, int], Fields]:
    def make(rng: Random, index: int) -> Fields:
        # One in 80 is slow for good: inside the objective, whichever part of the feed a window holds.
        slow = index % 80 == 79
        fields: Fields = {
            "product": product,
            "clientKey": _client(rng),
            "moduleType": rng.choice(("generalPages", "webPanels", "dialogs", "webItems")),
            "source": source,
        }
        if source == "APP":
            outcome = {"status": "FAIL", "durationInMillis": None} if slow else _loaded(rng)
            return fields | {"bridgeInMillis": None} | outcome
        bridge_ms = 12_800.0 if slow else _duration_ms(rng, 700)
        return fields | {"bridgeInMillis": bridge_ms, "status": None, "durationInMillis": None}

    return make


def _webhook(product: str) -> Callable[[Random, int], Fields]:
    events = (
        ("page_created", "page_updated") if product == "Confluence" else ("jira:issue_created", "jira:issue_updated")
    )

    def make(rng: Random, index: int) -> Fields:
        fields = {"product": product, "clientKey": _client(rng), "event": rng.choice(events), **_answer(rng, 204)}
        if index % 50 == 49:
            fields |= {"statusCode": 503, "faultOwner": "PLATFORM"}  # not counted
        if index % 70 == 69:
            fields |= {"statusCode": 500, "faultOwner": "APP", "group": "DFR"}  # first-rollout group: not counted
        return fields

    return make


def _installation(product: str) -> Callable[[Random, int], Fields]:
    def make(rng: Random, index: int) -> Fields:
        lifecycle = "uninstalled" if index % 8 == 7 else "installed"
        return {"product": product, "clientKey": _client(rng), "lifecycle": lifecycle, **_answer(rng, 200)}

    return make


def _loaded(rng: Random) -> Fields:
    return {"status": "SUCCESS", "durationInMillis": _duration_ms(rng, 900)}


def _answer(rng: Random, status_code: int) -> Fields:
    duration_ms = _duration_ms(rng, 180)
    return {"statusCode": status_code, "durationInMillis": duration_ms, "error": None, "faultOwner": None}


def _client(rng: Random) -> str:
    return f"site-{rng.randrange(40):02}"


def _duration_ms(rng: Random, typical_ms: float) -> float:
    """Right-skewed around the typical value, at most four times it."""
    return round(typical_ms * min(4.0, rng.lognormvariate(0, 0.4)), 1)
