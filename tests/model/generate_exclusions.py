"""Exclusions and app versions to go with a generated log: announced, late, changed, withdrawn, and useless ones."""

import random
from collections.abc import Sequence
from typing import Any

import orjson
from hypothesis import strategies as st

from streams.names import Topics
from tests.model.generate import APPS, BASE_URLS, LATENESS_MS, METRIC_IDS, MINUTE_MS, SCOPES, START_MS, logs
from tests.model.placement import murmur2_partition
from tests.model.record import Record

IDS = ("deploy", "incident-7", "weekly-1", "weekly-2", "wörk")
DAY_MS = 24 * 60 * MINUTE_MS
FAR_MS = 2**41  # year 2039: end of no log here

_USELESS: tuple[bytes, ...] = (b"", b"{", b"[]", b'{"id": "deploy"}')


def exclusion_versions(
    rng: random.Random, count: int, *, span_ms: int, start_ms: int = START_MS, partitions: int = 1
) -> list[Record]:
    """So many versions of a few exclusions of the time from `start_ms` on, in log order.

    The next version of an id often keeps what the one before said, but for its end, its start or its reason; its
    Kafka timestamp may be any, or none.
    """
    bodies: dict[str, dict[str, Any]] = {}
    versions = []
    for _ in range(count):
        key = rng.choice(IDS)
        was = bodies.get(key)
        body = _new_body(rng, key, start_ms, span_ms) if was is None else _changed(rng, was, start_ms, span_ms)
        begins_ms = body["start"]
        value: bytes | None = orjson.dumps(body)
        kind = rng.random()
        if kind < 0.15:
            value = None
        elif kind < 0.25:
            value = rng.choice(
                (*_USELESS, orjson.dumps(body | {"end": begins_ms - 1}), orjson.dumps(body | {"id": "x"}))
            )
        else:
            bodies[key] = body
        partition = murmur2_partition(key.encode(), partitions)
        sent_ms = _sent_ms(rng, begins_ms, start_ms)
        versions.append(Record(Topics().exclusions, partition, key.encode(), value, sent_ms))
    return versions


def _new_body(rng: random.Random, key: str, start_ms: int, span_ms: int) -> dict[str, Any]:
    begins_ms = _moment_ms(rng, start_ms, span_ms)
    return {
        "id": key,
        "appKey": rng.choice((None, None, APPS[0], APPS[0], APPS[1])),
        "metricId": rng.choice((None, None, None, *METRIC_IDS)),
        "scope": rng.choice((*[None] * 12, *SCOPES, *BASE_URLS)),
        "reason": rng.choice(("PLANNED_DOWNTIME", "PLATFORM_FAULT")),
        "start": begins_ms,
        "end": _end_ms(rng, begins_ms),
        "announcedAt": rng.choice((*[None] * 6, begins_ms - 1, begins_ms, begins_ms - DAY_MS)),
    }


def _changed(rng: random.Random, was: dict[str, Any], start_ms: int, span_ms: int) -> dict[str, Any]:
    begins_ms = was["start"]
    new = _new_body(rng, was["id"], start_ms, span_ms)
    match rng.randrange(6):
        case 0:
            return new
        case 1:
            return was | {"start": new["start"], "end": new["end"]}
        case 2:
            return was | {"reason": new["reason"]}
        case 3:
            return was
        case _:
            return was | {"end": _end_ms(rng, begins_ms)}


def _moment_ms(rng: random.Random, start_ms: int, span_ms: int) -> int:
    """Some time of the log, often at the edge of a pane or a millisecond beside it."""
    at_ms = start_ms - 2 * MINUTE_MS + rng.randrange(span_ms)
    if rng.random() < 0.5:
        at_ms = at_ms // MINUTE_MS * MINUTE_MS + rng.choice((-1, 0, 0, 0, 1))
    return at_ms


def _end_ms(rng: random.Random, begins_ms: int) -> int | None:
    lasts_ms = rng.choice((None, 0, 1, MINUTE_MS, rng.randrange(10 * MINUTE_MS), 5 * MINUTE_MS, 20 * MINUTE_MS))
    return None if lasts_ms is None else begins_ms + lasts_ms


def _sent_ms(rng: random.Random, begins_ms: int, start_ms: int) -> int | None:
    """Before or after the start, at it or beside it; or just when one of the next boundaries is due, or just not."""
    due_ms = (begins_ms // MINUTE_MS + rng.randrange(1, 5)) * MINUTE_MS + LATENESS_MS
    return rng.choice(
        (
            None,
            start_ms - 24 * 60 * MINUTE_MS,
            begins_ms - 1,
            begins_ms,
            begins_ms + rng.randrange(-20 * MINUTE_MS, 20 * MINUTE_MS),
            begins_ms + rng.randrange(10 * MINUTE_MS),
            begins_ms + rng.randrange(5 * MINUTE_MS),
            due_ms,
            due_ms + 1,
            FAR_MS,
        )
    )


def app_versions(
    rng: random.Random, count: int, *, span_ms: int, start_ms: int = START_MS, partitions: int = 1
) -> list[Record]:
    """So many versions of the apps of a generated log, in log order; their Kafka timestamps may be any, or none."""
    versions = []
    for number in range(count):
        key = rng.choice(APPS)
        body = {
            "appKey": key,
            "name": f"Name {number}",
            "partnerName": rng.choice(("Partner", "Pärtner")),
            "email": "on-call@example.com",
            "healthcheckUrls": [url for url in BASE_URLS if rng.random() < 0.5],
            "excludedClientKeys": [f"client-{client}" for client in range(7) if rng.random() < 0.3],
        }
        useful = rng.choice((orjson.dumps(body), orjson.dumps(body), orjson.dumps(body), None))
        useless = rng.choice((*_USELESS, orjson.dumps(body | {"appKey": "x"}), orjson.dumps(body | {"name": ""})))
        value = useful if rng.random() < 0.85 else useless
        partition = murmur2_partition(key.encode(), partitions)
        sent_ms = rng.choice(
            (None, start_ms - DAY_MS, start_ms + rng.randrange(span_ms), start_ms + rng.randrange(span_ms))
        )
        versions.append(Record(Topics().apps, partition, key.encode(), value, sent_ms))
    return versions


def mixed(log: Sequence[Record], others: Sequence[Record], rng: random.Random) -> list[Record]:
    """Both in one log, each in its own order."""
    places = sorted(rng.randint(0, len(log)) for _ in others)
    whole = list(log)
    for place, other in reversed(list(zip(places, others, strict=True))):
        whole.insert(place, other)
    return whole


SPAN_MS = 25 * MINUTE_MS
"""The time that most of `logs` take."""

_RANDOMS = st.randoms(use_true_random=False)


@st.composite
def exclusions(draw: st.DrawFn, partitions: int = 1) -> list[Record]:
    """Up to 14 versions of exclusions of the time of `logs`."""
    count = draw(st.integers(0, 14))
    return exclusion_versions(draw(_RANDOMS), count, span_ms=SPAN_MS, partitions=partitions)


@st.composite
def logs_with_exclusions(draw: st.DrawFn, partitions: int = 1) -> list[Record]:
    """`logs` with versions of exclusions anywhere among the events."""
    return mixed(draw(logs(partitions)), draw(exclusions(partitions)), draw(_RANDOMS))


@st.composite
def logs_with_apps(draw: st.DrawFn, partitions: int = 1) -> list[Record]:
    """`logs_with_exclusions` with versions of apps, too."""
    apps = app_versions(draw(_RANDOMS), draw(st.integers(0, 8)), span_ms=SPAN_MS, partitions=partitions)
    return mixed(draw(logs_with_exclusions(partitions)), apps, draw(_RANDOMS))
