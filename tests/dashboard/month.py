"""A month in the database, as all services together leave it: four apps of three partners, with all that pages show.

It ends now. Written as rows, since a month of events takes minutes to count.
"""

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from random import Random
from typing import Any, Final

import psycopg
from psycopg.types.json import Jsonb

from schemas.event_time import utc_text
from streams.evaluation.incident import incident_id
from streams.history.app_budgets import app_budgets
from streams.history.codec import DAY_MINUTES, MINUTE_MS, add_to_day
from streams.history.counted_app import read_counted_app
from streams.history.documents import budget_item
from streams.history.latency import CHUNK_SLOTS, add_to_chunk, bucket_of, place_in
from streams.history.reading import read_exclusions
from streams.names import AVAILABILITY, IFRAME, INSTALLATION, METRICS, WEBHOOK, Metric, Topics
from streams.objectives import read_objectives
from streams.settings import Settings

DAYS: Final = 28
DAY_MS: Final = 86_400_000
_MINUTE: Final = time.time_ns() // 60_000_000_000
# A page tells how long ago things were. Not at midnight, when 28 days are those of 28 dates, at other times of 29.
NOW_MS: Final = (_MINUTE - (_MINUTE % DAY_MINUTES == 0)) * MINUTE_MS
CHARTS: Final = "com.acme.charts"
FORMS: Final = "com.acme.forms"
BOARDS: Final = "com.foo.boards"
UNLISTED: Final = "com.nobody.secret"
NAMES: Final = {
    CHARTS: ("Charts", "acme", "Acme"),
    FORMS: ("Forms & Surveys", "acme", "Acme"),
    BOARDS: ("Boards", "foo", "Foo Inc."),
    UNLISTED: ("Secret", None, "Nobody"),
}
OBJECTIVES: Final = {
    AVAILABILITY: ("app-availability-15m", 900, 99.9),
    IFRAME: ("iframe-load-15m", 900, 95.0),
    INSTALLATION: ("installation-callback-24h", 86_400, 99.0),
    WEBHOOK: ("webhook-delivery-15m", 900, 99.0),
}
_PER_MINUTE: Final = {AVAILABILITY: 1, IFRAME: 6, INSTALLATION: 0, WEBHOOK: 9}
_TYPICAL_MS: Final = {AVAILABILITY: 140, IFRAME: 900, INSTALLATION: 300, WEBHOOK: 220}


def open_breach_of(app_key: str) -> str:
    """The incident id of the webhook breach that stands at the end."""
    return _incident(app_key, WEBHOOK, "Jira", NOW_MS - 132 * MINUTE_MS)


def old_breach_of(app_key: str) -> str:
    """That of the availability breach of twelve days before, which recovered."""
    return _incident(app_key, AVAILABILITY, _url(app_key), NOW_MS - 12 * DAY_MS + 5 * MINUTE_MS)


def fill(url: str) -> None:
    """All of it, into a database that has the schema."""
    with psycopg.connect(url) as connection:
        connection.execute("set search_path = slo")
        _catalogue(connection)
        for number, app_key in enumerate(NAMES):
            _counts(connection, app_key, Random(number))
            _alerts(connection, app_key)
        _late(connection)
        _exclusions(connection)
        _progress(connection)
        _budgets(connection)
        _standing(connection)
        _deliveries(connection)


def _catalogue(connection: "psycopg.Connection[Any]") -> None:
    for number, (app_key, (name, partner, partner_name)) in enumerate(NAMES.items()):
        connection.execute(
            "insert into app (app_key, name, partner_id, partner_name, email, healthcheck_urls, excluded_client_keys, "
            'part, "offset") values (%s, %s, %s, %s, %s, %s, %s, 0, %s)',
            [app_key, name, partner, partner_name, f"sre@{partner or 'nobody'}.example", [_url(app_key)], [], number],
        )


def _counts(connection: "psycopg.Connection[Any]", app_key: str, rng: Random) -> None:
    days = 10 if app_key == FORMS else DAYS  # it joined ten days ago
    for metric, per_minute in _PER_MINUTE.items():
        scope = _url(app_key) if metric is AVAILABILITY else "Jira"
        start = NOW_MS // MINUTE_MS - days * DAY_MINUTES
        source = "HOST" if metric is IFRAME else "PROD"
        row = connection.execute(
            "insert into series (app_key, metric, scope, source, first_minute, placed) values (%s, %s, %s, %s, %s, 0) "
            "returning id",
            [app_key, metric.id, scope, source, start],
        ).fetchone()
        assert row is not None
        by_day: dict[int, dict[int, tuple[int, int]]] = {}
        by_chunk: dict[int, Counter[int]] = {}
        for minute in range(start, NOW_MS // MINUTE_MS):
            good, bad = _minute(app_key, metric, per_minute, minute, rng)
            if good + bad:
                by_day.setdefault(minute // DAY_MINUTES, {})[minute % DAY_MINUTES] = good, bad
                slow = rng.lognormvariate(0, 0.5)
                slot = minute // 5
                chunk = by_chunk.setdefault(slot // CHUNK_SLOTS, Counter())
                chunk[place_in(slot % CHUNK_SLOTS, bucket_of(_TYPICAL_MS[metric] * slow))] += good + bad
        with connection.cursor() as cursor:
            cursor.executemany(
                "insert into day_counts values (%s, %s, %s)",
                [(row[0], day, add_to_day(None, minutes)) for day, minutes in by_day.items()],
            )
            cursor.executemany(
                "insert into latency values (%s, %s, %s)",
                [(row[0], chunk, add_to_chunk(None, slots)) for chunk, slots in by_chunk.items()],
            )


def _late(connection: "psycopg.Connection[Any]") -> None:
    """Events of one morning that came late, of an SLI of one app."""
    connection.execute(
        "insert into late select id, %s, %s from series where app_key = %s and metric = %s",
        [NOW_MS // DAY_MS - 6, [*[0] * 7, 190, 0, 121, *[0] * 14], CHARTS, WEBHOOK.id],
    )


def _minute(app_key: str, metric: Metric, per_minute: int, minute: int, rng: Random) -> tuple[int, int]:
    """Good and bad events: a day and night, some failures always, many in the outages."""
    daily = 1 if metric is AVAILABILITY else 0.4 + abs((minute % DAY_MINUTES) - 720) / 720
    total = round(per_minute * daily + rng.random() - 0.5) if per_minute > 1 else per_minute
    if metric is INSTALLATION:
        total = int(rng.random() < 0.02)
    share = 0.0004 if metric is AVAILABILITY else 0.002
    for start, end, fails in _outages(app_key, metric):
        if start <= minute * MINUTE_MS < end:
            share = fails
    whole, part = divmod(share * total, 1)
    bad = int(whole) + (rng.random() < part)
    return total - bad, bad


def _outages(app_key: str, metric: Metric) -> Iterator[tuple[int, int, float]]:
    if app_key == CHARTS and metric is WEBHOOK:
        yield NOW_MS - 140 * MINUTE_MS, NOW_MS + MINUTE_MS, 0.3
        yield NOW_MS - 9 * DAY_MS, NOW_MS - 9 * DAY_MS + 9 * 3_600_000, 0.5
    if metric is AVAILABILITY:
        yield NOW_MS - 12 * DAY_MS, NOW_MS - 12 * DAY_MS + 35 * MINUTE_MS, 0.9
    if app_key == BOARDS and metric is IFRAME:
        yield NOW_MS - 3 * DAY_MS, NOW_MS - 3 * DAY_MS + 26 * 3_600_000, 0.6


def _alerts(connection: "psycopg.Connection[Any]", app_key: str) -> None:
    found = [(AVAILABILITY, NOW_MS - 12 * DAY_MS + 5 * MINUTE_MS, NOW_MS - 12 * DAY_MS + 50 * MINUTE_MS)]
    if app_key == CHARTS:
        found += [
            (WEBHOOK, NOW_MS - 9 * DAY_MS + 6 * MINUTE_MS, NOW_MS - 9 * DAY_MS + 555 * MINUTE_MS),
            (WEBHOOK, NOW_MS - 132 * MINUTE_MS, 0),
        ]
    offset = sum(map(ord, app_key)) * 10
    for metric, breached_ms, recovered_ms in found:
        scope = _url(app_key) if metric is AVAILABILITY else "Jira"
        breach = _record(app_key, metric, scope, "BREACH", breached_ms, breached_ms, (131, 8))
        records = [breach]
        if recovered_ms:
            records.append(_record(app_key, metric, scope, "RECOVERY", breached_ms, recovered_ms, (140, 0)))
        for record in records:
            time_ms = recovered_ms if record["type"] == "RECOVERY" else breached_ms
            offset += 1
            connection.execute(
                "insert into alert values (%s, %s, %s, %s, %s, %s, 'page', %s, %s, %s, %s, %s, 0, %s, %s)",
                [
                    record["incidentId"],
                    record["type"],
                    app_key,
                    metric.id,
                    scope,
                    record["objective"],
                    record["reason"],
                    NAMES[app_key][1],
                    breached_ms,
                    time_ms,
                    time_ms,
                    offset,
                    Jsonb(record),
                ],
            )


def _record(
    app_key: str, metric: Metric, scope: str, kind: str, breached_ms: int, time_ms: int, counts: tuple[int, int]
) -> dict[str, Any]:
    objective, window_s, slo = OBJECTIVES[metric]
    good, bad = counts
    return {
        "type": kind,
        "appKey": app_key,
        "appDetails": {"name": NAMES[app_key][0], "partnerName": NAMES[app_key][2]},
        "incidentId": _incident(app_key, metric, scope, breached_ms),
        "incidentStatus": "ANOMALOUS" if kind == "BREACH" else "OK",
        "time": utc_text(time_ms),
        "metricName": metric.display_name(scope),
        "metricUnit": "PERCENT",
        "measurementDurationSeconds": window_s,
        "sliValue": 100 * good / (good + bad),
        "sloValue": slo,
        "metricId": metric.id,
        "scope": scope,
        "objective": objective,
        "goodCount": good,
        "badCount": bad,
        "windowStart": utc_text(time_ms - window_s * 1_000),
        "windowEnd": utc_text(time_ms),
        "reason": "BELOW_OBJECTIVE" if kind == "BREACH" else "RESTORED",
        "breachedAt": utc_text(breached_ms),
        "severity": "page",
        "service": "marketplace-apps",
    }


def _incident(app_key: str, metric: Metric, scope: str, breached_ms: int) -> str:
    return incident_id(app_key, metric.id, scope, OBJECTIVES[metric][0], breached_ms)


def _url(app_key: str) -> str:
    _, partner, name = app_key.split(".")
    return f"https://{name}.{partner}.example/health"


def _exclusions(connection: "psycopg.Connection[Any]") -> None:
    rows: Iterable[tuple[Any, ...]] = [
        ("upgrade", NOW_MS - 6 * DAY_MS, CHARTS, WEBHOOK.id, None, "PLANNED_DOWNTIME", NOW_MS - 5 * DAY_MS, 2),
        ("network-fault", NOW_MS - 12 * DAY_MS, None, AVAILABILITY.id, None, "PLATFORM_FAULT", NOW_MS - 20 * DAY_MS, 1),
        ("too-late", NOW_MS - 7 * DAY_MS, BOARDS, None, None, "PLANNED_DOWNTIME", NOW_MS - 8 * DAY_MS, 3),
        ("to-come", NOW_MS - DAY_MS, FORMS, None, None, "PLANNED_DOWNTIME", NOW_MS + 2 * DAY_MS, 2),
    ]
    for offset, (name, known_ms, app_key, metric, scope, reason, start_ms, hours) in enumerate(rows):
        connection.execute(
            "insert into exclusion values (0, %s, %s, %s, %s, %s, %s, %s, %s, %s, null)",
            [offset, name, known_ms, app_key, metric, scope, reason, start_ms, start_ms + hours * 3_600_000],
        )


def _progress(connection: "psycopg.Connection[Any]") -> None:
    for topic in Topics().inputs:
        connection.execute(
            "insert into sink_offset (reader, topic, part, epoch, next, watermark_ms, newest_ms) "
            "values ('history', %s, 0, 1, 1000, %s, %s)",
            [topic, NOW_MS + 10_000, NOW_MS + 10_000],
        )


def _budgets(connection: "psycopg.Connection[Any]") -> None:
    levels = read_objectives().service_levels
    exclusions = read_exclusions(connection)
    for app_key in NAMES:
        for one in app_budgets(read_counted_app(connection, Settings(), app_key), levels, exclusions):
            item = budget_item(one, is_breached=False)
            breached = app_key == CHARTS and one.level.metric == WEBHOOK.id
            store_budget(connection, item, as_of_ms=one.as_of_ms, exhausted_ms=one.exhausted_at_ms, breached=breached)


def store_budget(
    connection: "psycopg.Connection[Any]",
    item: dict[str, Any],
    *,
    as_of_ms: int = NOW_MS,
    exhausted_ms: int | None = None,
    breached: bool = False,
) -> None:
    """A row of the fleet, of an item of the API."""
    connection.execute(
        "insert into budget values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            item["appKey"],
            item["metricId"],
            item["scope"],
            item["slo"],
            item["target"],
            item["periodDays"] * DAY_MS,
            item["goodCount"],
            item["badCount"],
            item["coveredMinutes"],
            item["state"],
            item["consumed"],
            item["remainingEvents"],
            *item["burn"].values(),
            exhausted_ms,
            as_of_ms,
            breached,
        ],
    )


def fill_fleet(url: str, apps: int) -> None:
    """So many apps of three series each, beside what there is: budgets alone."""
    with psycopg.connect(url) as connection:
        connection.execute("set search_path = slo")
        connection.execute(
            """
            insert into app (app_key, name, partner_id, partner_name, email, healthcheck_urls, excluded_client_keys,
              part, "offset")
            select format('com.fleet%%s.app%%s', n %% 97, n), 'App ' || n, 'fleet' || n %% 97, 'Fleet ' || n %% 97,
              'a@b.example', '{}', '{}', 0, n + 9 from generate_series(0, %s - 1) n
            """,
            [apps],
        )
        connection.execute(
            """
            insert into budget (app_key, metric, scope, slo, target, period_ms, good, bad, covered_minutes, state,
              consumed, remaining_events, burn_1h, burn_6h, burn_1d, burn_3d, as_of_ms)
            select app_key, metric, 'Jira', 'slo', '0.99', 2419200000, 400000 - (4000 * used)::int, (4000 * used)::int,
              40320, case when used > 1 then 'EXHAUSTED' when used >= 0.75 then 'AT_RISK' else 'MET' end, used,
              4000 - (4000 * used)::int, used, used, used, used, %s
            from (select app_key, metric, abs(hashtext(app_key || metric)) %% 1300 / 1000.0 as used
              from app cross join unnest(%s::text[]) metric where app_key like 'com.fleet%%') fleet
            """,
            [NOW_MS, [AVAILABILITY.id, IFRAME.id, WEBHOOK.id]],
        )


def _standing(connection: "psycopg.Connection[Any]") -> None:
    for app_key, stage, why in (
        (CHARTS, "REMEDIATION", None),
        (BOARDS, "NOTIFIED", "appeal accepted"),
        (FORMS, "CLEAR", None),
    ):
        episodes = [
            {
                "start": utc_text(NOW_MS - 12 * DAY_MS),
                "end": utc_text(NOW_MS - 12 * DAY_MS + 3_000_000),
                "incidentIds": [old_breach_of(app_key)],
                "counts": why is None,
                "why": why,
            }
        ]
        connection.execute(
            "insert into standing (app_key, stage, since_ms, reason, time_ms, episodes, steps) "
            "values (%s, %s, %s, 'BREACH', %s, %s, '[]')",
            [app_key, stage, NOW_MS - 9 * DAY_MS, NOW_MS, Jsonb(episodes)],
        )
        for number, (to, former) in enumerate((("NOTIFIED", "CLEAR"), (stage, "NOTIFIED")), 1):
            connection.execute(
                "insert into standing_change (app_key, number, stage, former, reason, since_ms) "
                "values (%s, %s, %s, %s, 'BREACH', %s)",
                [app_key, number, to, former, NOW_MS - (15 - 3 * number) * DAY_MS],
            )


def _deliveries(connection: "psycopg.Connection[Any]") -> None:
    states = (("SENT", None), ("DEAD", "550 no such user"), ("SUPPRESSED", "TOO_OLD"), ("DUE", None))
    for number, app_key in enumerate((CHARTS, BOARDS, CHARTS, CHARTS)):
        thread = open_breach_of(app_key) if number else old_breach_of(app_key)
        notification = f"{thread}-breach-{number}"
        connection.execute(
            "insert into notification (id, kind, thread, time_ms, data, app_key) values (%s, 'BREACH', %s, %s, %s, %s)",
            [notification, thread, NOW_MS - DAY_MS, json.dumps({}), app_key],
        )
        state, reason = states[number]
        partner = NAMES[app_key][1]
        connection.execute(
            "insert into delivery (id, notification, channel, target, machine, thread, kind, state, reason, attempts, "
            "sent_at) values (%s, %s, 'smtp', %s, true, %s, 'BREACH', %s, %s, 1, to_timestamp(%s))",
            [
                f"{notification}.0a1b2c3d4e",
                notification,
                f"sre@{partner}.example",
                thread,
                state,
                reason,
                NOW_MS / 1_000,
            ],
        )


assert set(OBJECTIVES) == set(METRICS.values())
