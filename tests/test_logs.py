"""What a worker's log looks like, whatever the data in it."""

import logging
import sys

import orjson

from streams.logs import LogFormat, OnceAMinute, formatter

FORGED = "no\n2026-03-02 12:00:00,000 INFO all is well\r\x1b[2K\x9b\u2028end"


def record(message: str, *arguments: object) -> logging.LogRecord:
    return logging.LogRecord("streams.unit", logging.WARNING, __file__, 1, message, arguments, None)


def test_logged_data_cannot_pass_for_a_record_of_its_own() -> None:
    first, *rest = formatter(LogFormat.TEXT).format(record("rejected: %s", FORGED)).split("\n")
    assert first.endswith(" WARNING rejected: no")
    assert rest == ["    2026-03-02 12:00:00,000 INFO all is well\\u000d\\u001b[2K\\u009b\\u2028end"]


def test_one_json_object_a_line() -> None:
    text = formatter(LogFormat.JSON).format(record("rejected: %s", FORGED))
    assert text.isascii()
    assert text.isprintable()
    document = orjson.loads(text)
    assert document.pop("time").endswith("+00:00")
    assert document == {"level": "WARNING", "logger": "streams.unit", "message": f"rejected: {FORGED}"}


def test_a_traceback_is_part_of_its_record() -> None:
    failure = record("judging slo.webhook.v1[3]")
    try:
        int(FORGED)
    except ValueError:
        failure.exc_info = sys.exc_info()
    lines = formatter(LogFormat.TEXT).format(failure).split("\n")
    assert all(line.startswith("    ") for line in lines[1:])
    failure.exc_text = None
    assert repr(FORGED) in orjson.loads(formatter(LogFormat.JSON).format(failure))["exc_info"]


def test_what_is_said_each_second_is_told_once_a_minute() -> None:
    once = OnceAMinute()

    def said(at_s: float, broker: str) -> bool:
        one = record("Unable connect to %s", broker)
        one.created = at_s
        return bool(once.filter(one))

    assert [at_s for at_s in range(150) if said(at_s, "k1:9092")] == [0, 60, 120]
    assert said(150, "k2:9092")


def test_few_sayings_are_remembered() -> None:
    once = OnceAMinute()
    assert all(once.filter(record("offset %d", number)) for number in range(1_000))
    assert once.filter(record("offset %d", 0))
    assert not once.filter(record("offset %d", 999))
