"""A record of an app with very much behind it: it fits into what Kafka takes, and says what it leaves out."""

from collections.abc import Iterable

from schemas.standing import Standing
from streams.impact.record import standing_record
from streams.standing.facts import Breach, Facts, Rules
from streams.standing.ladder import History, history_of
from tests.impact.build import APP, DAY_0_MS, HOUR_MS, Ladder, at

KAFKA_TAKES = 1_048_588
MINUTE_MS = 60_000


def record_of(breaches: Iterable[Breach]) -> tuple[Standing, History]:
    history = history_of(Facts(list(breaches)), at(56), Rules())
    return standing_record(APP, history, history.changes[-1], at(56), Rules()), history


def outage(number: int, breaches: int, excuse: str | None = None) -> Iterable[Breach]:
    """An episode of its own, of so many breaches."""
    start_ms = DAY_0_MS + number * (HOUR_MS + 2 * MINUTE_MS)
    return (Breach(f"{number:05}{one:06}", start_ms, start_ms + MINUTE_MS, excuse) for one in range(breaches))


def test_breaches_that_are_not_named_are_counted_the_newest_are_named_first() -> None:
    record, _ = record_of(one for number in range(20) for one in outage(number, 1_500))
    named = [(len(one.incident_ids), one.incidents_left_out) for one in record.episodes]
    assert named == [(0, 1_500)] * 10 + [(1_000, 500)] * 10
    assert record.episodes_left_out == 0
    assert len(record.model_dump_json()) < KAFKA_TAKES


def test_episodes_for_which_there_is_no_room_are_counted_the_newest_are_there() -> None:
    reason = "excluded: " + ", ".join(f"é{number}" * 20 for number in range(200))
    record, history = record_of(one for number in range(1_300) for one in outage(number, 1, reason if number else None))
    assert len(history.episodes) == 1_300
    assert len(record.episodes) + record.episodes_left_out == 1_300
    assert 0 < record.episodes_left_out < 1_000
    assert record.episodes[-1].incident_ids == ["01299000000"]
    assert len(record.model_dump_json().encode()) < KAFKA_TAKES
    assert Standing.model_validate_json(record.model_dump_json()) == record


def test_where_nothing_is_left_out_nothing_is_said_of_that() -> None:
    record, _ = record_of(outage(1, 1_000))
    assert "LeftOut" not in record.model_dump_json()


def test_thousands_of_decisions_and_breaches_are_one_record_that_kafka_takes(database: str) -> None:
    ladder = Ladder(database)
    ladder.breach(0)
    ladder.execute(
        """insert into alert (incident_id, type, app_key, metric, scope, objective, severity, reason, breached_at_ms,
        time_ms, part, "offset", record)
        select to_char(n, 'FM00000000000'), kind, app_key, metric, scope, objective, severity, reason,
          breached_at_ms + n * 7440000::bigint, time_ms + n * 7440000::bigint, 0, 0, record
        from alert, generate_series(1, 2000) n, lateral (select type as kind) k"""
    )
    ladder.execute(
        """insert into decision (app_key, act, stage, who, why, at_ms)
        select %s, case n %% 2 when 0 then 'OVERRIDE' else 'END_OVERRIDE' end,
          case n %% 2 when 0 then 'NOTIFIED' end, 'ann', 'so', %s + n * 60000::bigint
        from generate_series(1, 4000) n""",
        *(APP, at(0)),
    )
    ladder.passes(180)
    assert len(ladder.judge()) > 1_000
    ((size, left_out),) = ladder.rows(
        """select octet_length(value), (convert_from(value, 'UTF8')::json->>'episodesLeftOut') from outbox
        order by position desc limit 1"""
    )
    assert size < KAFKA_TAKES
    assert left_out is None
