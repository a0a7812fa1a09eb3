"""Copies of records: who made each, and of what, read from its marks by hand."""

from tests.model.record import Record

REROUTED = "rerouted-from"
REROUTED_TIMESTAMP = "rerouted-timestamp"
REDRIVEN = "redriven-from"
APPLICATION = "slo-streams"
_IN_NAMES = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


def rerouted_from(record: Record, offset: int = 0, application: str = APPLICATION) -> tuple[str, bytes]:
    """The header that an application gives the copy of a misplaced record."""
    return REROUTED, f"{application}/{record.topic}/{record.partition}@{offset}".encode()


def is_rerouted(record: Record) -> bool:
    """Whether it is the copy of a misplaced record."""
    return record.header(REROUTED) is not None


def is_foreign(record: Record, application: str) -> bool:
    """Whether another application made this copy, or one that it does not name."""
    return any(_maker(name, value) != application for name, value in record.headers if name in (REROUTED, REDRIVEN))


def _maker(name: str, value: bytes | None) -> str | None:
    *names, place = (value or b"").decode(errors="replace").split("/")
    partition, _, offset = place.partition("@")
    is_mark = (
        len(names) == (2 if name == REROUTED else 3)
        and all(one and _IN_NAMES.issuperset(one) for one in names)
        and all(number.isascii() and number.isdecimal() for number in (partition, offset))
    )
    return names[0] if is_mark else None


def timestamp_ms(record: Record) -> int | None:
    """Its Kafka timestamp; of the copy of a misplaced record what it says of the original, at most its own."""
    told = record.header(REROUTED_TIMESTAMP)
    if record.timestamp_ms is None or told is None or not is_rerouted(record):
        return record.timestamp_ms
    earliest_ms = min(int(told), record.timestamp_ms)
    return None if earliest_ms < 0 else earliest_ms
