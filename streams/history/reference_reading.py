"""Reading catalogue and exclusions for keeps: what each version says, at its place in its topic."""

from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

from streams.intake.checking import Rejection
from streams.kafka.chunk import SourceRecord
from streams.names import Topics
from streams.reference.reference import known_ms_of, read, text_of

Said = TypeVar("Said")


class Version(NamedTuple, Generic[Said]):
    """What is said of an app or an exclusion by its name; None: it is withdrawn. `known_ms`: its Kafka timestamp."""

    name: str
    said: Said | None
    known_ms: int | None
    offset: int


def reference_reader(topics: Topics, topic: str) -> Callable[[SourceRecord], Version[Any] | Rejection]:
    """What reads the records of one of the two topics."""

    def read_version(record: SourceRecord) -> Version[Any] | Rejection:
        said = read(topics, topic, record)
        if isinstance(said, Rejection):
            return said
        return Version(text_of(record.key), said, known_ms_of(record), record.offset)

    return read_version
