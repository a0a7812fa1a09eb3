"""Logs as producers make them, with everything that goes wrong: as hypothesis strategies, or from a seed.

Both ways a log is a list of `Happening`s, each chosen on its own so that hypothesis can leave any of them out, laid
on a time line by `lay_out`.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum, auto
from fractions import Fraction
from typing import Any

import orjson
from hypothesis import strategies as st

from streams.evaluation.objective import Objective, Silence
from streams.names import AVAILABILITY, IFRAME, INSTALLATION, METRICS, Metric, Topics
from tests.model.copies import REDRIVEN, REROUTED
from tests.model.placement import murmur2_partition, put_right
from tests.model.reading import Event, read
from tests.model.record import Record

START_MS = 1_772_452_800_000  # 2026-03-02T12:00:00Z
LATENESS_MS = 10_000
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS

APPS = ("com.example.chart", "com.example.poll", "com.example.tâche")
SCOPES = ("Jira", "Confluence")
BASE_URLS = tuple(f"https://{scope.lower()}.example.com" for scope in SCOPES)
METRIC_IDS = tuple(METRICS)


class Oddity(Enum):
    """What is unusual about a record."""

    NONE = auto()
    OTHER_GROUP = auto()
    PLATFORM_FAULT = auto()
    OTHER_LIFECYCLE = auto()
    APP_SOURCE = auto()
    FAR_TOO_LATE = auto()
    A_LITTLE_LATE = auto()
    SLIGHTLY_AHEAD = auto()
    IN_THE_FUTURE = auto()
    GARBAGE = auto()
    WRONG_KEY = auto()
    WRONG_PARTITION = auto()
    STRUCTURED = auto()
    COPY = auto()


_ODDITIES = tuple(Oddity)
_ODDITY_WEIGHTS = (60, 2, 4, 3, 10, 1, 5, 2, 1, 4, 1, 1, 2, 2)

_MARKS: tuple[tuple[tuple[str, bytes], ...], ...] = (
    ((REROUTED, b"slo-streams/elsewhere/0@0"),),
    ((REDRIVEN, b"slo-streams/schema/elsewhere/0@0"),),
    ((REROUTED, b"canary/elsewhere/0@0"),),
    ((REDRIVEN, b"canary/too_late/elsewhere/0@0"),),
    ((REDRIVEN, b"canary/too_late/elsewhere/0@0"), (REROUTED, b"slo-streams/elsewhere/0@0")),
    ((REROUTED, b"3@7"),),
    ((REDRIVEN, b"slo-streams/elsewhere/0@0"),),
)
"""Of copies: the first two of the application's own, all others not."""

_GARBAGE: tuple[bytes | None, ...] = (
    None,
    b"",
    b"{",
    b'"text"',
    b"[1]",
    b'{"appKey": NaN}',
    b"\xff\xfe",
    b"[" * 2_000 + b"]" * 2_000,
    b'{"appKey": "com.example.chart"}',
    b'{"pad": "' + b"x" * 65_536 + b'"}',
)
_WRONG_FIELDS: tuple[dict[str, Any], ...] = (
    {"time": "2026-03-02 12:00:00Z"},
    {"time": "2026-03-02T12:00:60Z"},
    {"time": "1999-12-31T23:59:59Z"},
    {"time": True},
    {"appKey": ""},
    {"appKey": "k" * 257},
    {"durationInMillis": -1},
    {"group": 7},
)


@dataclass(frozen=True, slots=True)
class Happening:
    """One record before it has a place in time: all offsets are relative to when it arrives."""

    gap_ms: int
    metric_id: str
    app: str
    scope: str
    mood_turns: bool
    luck: float
    jitter_ms: int
    oddity: Oddity
    detail: int
    time_as_text: bool
    has_timestamp: bool


def happening(rng: random.Random, metric_ids: Sequence[str] = METRIC_IDS) -> Happening:
    """A random happening: mostly ordinary, seconds apart, now and then after a long silence."""
    pace = rng.random()
    if pace < 0.97:
        gap_ms = rng.randrange(20_000)
    elif pace < 0.995:
        gap_ms = rng.randrange(5 * MINUTE_MS)
    else:
        gap_ms = rng.randrange(40 * MINUTE_MS)
    return Happening(
        gap_ms=gap_ms,
        metric_id=rng.choice(metric_ids),
        app=rng.choices(APPS, (6, 2, 1))[0],
        scope=rng.choices(SCOPES, (4, 1))[0],
        mood_turns=rng.random() < 0.1,
        luck=rng.random(),
        jitter_ms=rng.choice((0, rng.randrange(LATENESS_MS + 1), LATENESS_MS)),
        oddity=rng.choices(_ODDITIES, _ODDITY_WEIGHTS)[0],
        detail=rng.randrange(1_000),
        time_as_text=rng.random() < 0.3,
        has_timestamp=rng.random() < 0.85,
    )


def lay_out(happenings: Iterable[Happening], *, partitions: int, start_ms: int = START_MS) -> list[Record]:
    """The log of the happenings, one after the other, with misplaced records put right.

    Each series is well or unwell until its mood turns, so that breaches begin and end. The Kafka timestamp, where
    there is one, is the moment of arrival.
    """
    now_ms = start_ms
    unwell: set[tuple[str, str, str]] = set()
    log = []
    for what in happenings:
        now_ms += what.gap_ms
        series = (what.metric_id, what.app, what.scope)
        if what.mood_turns:
            unwell ^= {series}
        good = what.luck < (0.4 if series in unwell else 0.95)
        log.append(_record(what, now_ms, good=good, partitions=partitions))
    return put_right(log, partitions=partitions)


def random_log(seed: int, count: int, *, partitions: int = 1, start_ms: int = START_MS) -> list[Record]:
    """A log of about `count` records, the same for the same seed."""
    rng = random.Random(seed)
    return lay_out([happening(rng) for _ in range(count)], partitions=partitions, start_ms=start_ms)


def random_objectives(seed: int) -> list[Objective]:
    """One to three objectives for each metric, the same for the same seed."""
    return _objectives(random.Random(seed))


def objectives_without_a_common_grid(seed: int) -> list[Objective]:
    """As `random_objectives`, with hops of which none is a multiple of another."""
    rng = random.Random(seed)
    found = []
    for objective in random_objectives(seed):
        hop_ms, hops = 1_000 * rng.choice((30, 90, 420, 660)), rng.choice((1, 2, 7, 40))
        changed = replace(
            objective,
            name=f"{objective.name}-{hop_ms}",
            hop_ms=hop_ms,
            window_ms=hop_ms * hops,
            short_ms=hop_ms * rng.randrange(hops) or None,
        )
        found.append(changed)
    return found


def _record(what: Happening, now_ms: int, *, good: bool, partitions: int) -> Record:
    metric = METRICS[what.metric_id]
    time_ms = now_ms - what.jitter_ms + _time_shift_ms(what)
    body = _body(what, metric, good=good)
    body["time"] = _as_text(time_ms) if what.time_as_text else time_ms
    value: bytes | None = orjson.dumps(body)
    headers: tuple[tuple[str, bytes], ...] = ()
    if what.oddity is Oddity.GARBAGE:
        bad_bytes = what.detail % (len(_GARBAGE) + len(_WRONG_FIELDS))
        if bad_bytes < len(_GARBAGE):
            value = _GARBAGE[bad_bytes]
        else:
            value = orjson.dumps(body | _WRONG_FIELDS[bad_bytes - len(_GARBAGE)])
    elif what.oddity is Oddity.STRUCTURED:
        headers = (("content-type", b"application/cloudevents+json; charset=UTF-8"),)
        value = orjson.dumps({"specversion": "1.0", "id": "1", "source": "probe", "type": "check", "data": body})
    key: bytes | None = what.app.encode()
    partition = murmur2_partition(what.app.encode(), partitions)
    if what.oddity is Oddity.WRONG_KEY:
        key = (None, b"someone.else")[what.detail % 2]
        if what.detail % 5 == 0:
            headers = _MARKS[0]  # wrong for the second time
    elif what.oddity is Oddity.COPY:
        headers = _MARKS[what.detail % len(_MARKS)]
        if what.detail % 11 == 0:
            key = None
    elif what.oddity is Oddity.WRONG_PARTITION:
        partition = (partition + 1) % partitions
    return Record(Topics().input(metric), partition, key, value, now_ms if what.has_timestamp else None, headers)


def _time_shift_ms(what: Happening) -> int:
    match what.oddity:
        case Oddity.FAR_TOO_LATE:
            return -26 * HOUR_MS
        case Oddity.A_LITTLE_LATE:
            return -what.detail * 2_000
        case Oddity.SLIGHTLY_AHEAD:
            return (1, 30_000, 60_000, 60_001)[what.detail % 4] + what.jitter_ms
        case Oddity.IN_THE_FUTURE:
            return what.jitter_ms + (60_001, HOUR_MS, 24 * HOUR_MS)[what.detail % 3]
    return 0


def _body(what: Happening, metric: Metric, *, good: bool) -> dict[str, Any]:
    refused = {"error": "connection refused"}
    failed = {"statusCode": 500, "durationInMillis": 20}
    answer: dict[str, Any] = {"statusCode": 200, "durationInMillis": 120.5}
    if not good:
        answer = failed if what.detail % 2 else refused
    group = {"group": "DFR"} if what.oddity is Oddity.OTHER_GROUP else {}
    fault = {"faultOwner": "PLATFORM" if what.oddity is Oddity.PLATFORM_FAULT else (None, "APP")[what.detail % 2]}
    app = {"appKey": what.app, **group}
    if metric is AVAILABILITY:
        if not good and what.detail % 3 == 0:
            answer = {"statusCode": 200, "durationInMillis": 3_000}
        return {**app, "baseUrl": BASE_URLS[SCOPES.index(what.scope)], **answer}
    client = {**app, "product": what.scope, "clientKey": f"client-{what.detail % 7}"}
    if metric is IFRAME:
        return {**client, "moduleType": "generalPages", **_iframe(what, good=good)}
    if metric is INSTALLATION:
        lifecycle = "uninstalled" if what.oddity is Oddity.OTHER_LIFECYCLE else "installed"
        return {**client, "lifecycle": lifecycle, **answer, **fault}
    return {**client, "event": "issue_created", **answer, **fault}


def _iframe(what: Happening, *, good: bool) -> dict[str, Any]:
    if what.oddity is Oddity.APP_SOURCE:
        return {"source": "APP", "status": "SUCCESS" if good else (None, "FAIL")[what.detail % 2]}
    late = (None, 12_001)[what.detail % 2]
    return {"source": "HOST", "bridgeInMillis": 12_000 if good else late, "durationInMillis": what.detail}


def _as_text(time_ms: int) -> str:
    moment = datetime.fromtimestamp(time_ms // 1_000, tz=UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{time_ms % 1_000:03d}Z"


def _objectives(rng: random.Random) -> list[Objective]:
    found = []
    for metric in METRICS.values():
        for number in range(rng.randint(1, 3)):
            hop_ms = rng.choice((MINUTE_MS, MINUTE_MS, 2 * MINUTE_MS, 5 * MINUTE_MS))
            hops = rng.choice((1, 3, 5, 15))
            short_hops = rng.randrange(hops) if rng.random() < 0.4 else 0
            found.append(
                Objective(
                    name=f"{metric.table}-{number}",
                    metric=metric.id,
                    window_ms=hop_ms * hops,
                    hop_ms=hop_ms,
                    budget=Fraction(rng.choice(("1/1000", "1/100", "1/20", "1/4", "1/2"))),
                    breach_at_budget=rng.random() < 0.2,
                    minimum_events=rng.choice((1, 1, 2, 5)),
                    alert_after_ms=rng.choice((0, 0, 0, 1, MINUTE_MS, 3 * MINUTE_MS)),
                    recover_after_ms=rng.choice((0, 0, 0, 1, MINUTE_MS, 3 * MINUTE_MS)),
                    silence=rng.choice(tuple(Silence)),
                    hold_for_ms=rng.choice((0, MINUTE_MS, 10 * MINUTE_MS, HOUR_MS, 7 * 24 * HOUR_MS)),
                    short_ms=hop_ms * short_hops or None,
                    severity=rng.choice(("page", "ticket")),
                    service=rng.choice((None, "marketplace-apps")),
                )
            )
    return found


def rearranged(log: Iterable[Record], rng: random.Random, delay_ms: int) -> list[Record]:
    """The usable records of a log, each arriving up to `delay_ms` after its event time; all tell what time it is."""
    inputs = Topics().inputs
    arrivals = []
    for record in log:
        event = read(record, inputs[record.topic])
        if isinstance(event, Event):
            timestamp_ms = event.time_ms if record.timestamp_ms is None else record.timestamp_ms
            in_time = record._replace(timestamp_ms=timestamp_ms)
            arrivals.append((event.time_ms + rng.randint(0, delay_ms), in_time))
    return [record for _, record in sorted(arrivals, key=lambda arrival: arrival[0])]


_RANDOMS = st.randoms(use_true_random=False)

objectives = st.builds(_objectives, _RANDOMS)
"""One to three objectives for each metric."""


@st.composite
def logs(draw: st.DrawFn, partitions: int = 1) -> list[Record]:
    """Logs of up to 80 happenings of some of the metrics, over so many partitions."""
    metric_ids = draw(st.lists(st.sampled_from(METRIC_IDS), min_size=1, unique=True))
    at_least = draw(st.integers(0, 60))  # left to itself hypothesis seldom draws more than ten
    happenings = draw(st.lists(st.builds(happening, _RANDOMS, st.just(metric_ids)), min_size=at_least, max_size=80))
    return lay_out(happenings, partitions=partitions)
