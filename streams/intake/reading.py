"""The one reader of events: worker, replay and history say the same of a record, whatever lies beside it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from schemas.wire import EventDecoder
from streams.intake.checking import Rejection, checked, needs_care
from streams.kafka.chunk import SourceRecord
from streams.kafka.excerpt import KEPT_BYTES
from streams.names import Metric

Choice = Callable[[Sequence[SourceRecord]], Sequence[SourceRecord]]


def _all(records: Sequence[SourceRecord]) -> Sequence[SourceRecord]:
    return records


class EventReader:
    """Reads the records of a metric's input topic: all together the fast way, then one by one what that leaves.

    `chosen` leaves out those whose headers say that they are not to be read; asked only where any has headers.
    """

    def __init__(self, metric: Metric, chosen: Choice = _all) -> None:
        self._model = metric.model
        self._chosen = chosen
        self._decode = EventDecoder(self._model).decode

    def events(self, records: Sequence[SourceRecord]) -> Iterator[tuple[Any, SourceRecord]]:
        """A `schemas.wire.Event` beside each record, or None for one that `checked` has to read. The hot path."""
        values = [record.value or b"" for record in records if not record.headers]
        if len(values) < len(records) or max(map(len, values), default=0) >= KEPT_BYTES:
            records = self._chosen(records)
            values = [b"" if needs_care(record) else record.value or b"" for record in records]
        return zip(self._decode(values), records, strict=True)

    def checked(self, record: SourceRecord) -> Any:
        """The event of one record, or the `Rejection` that says why there is none."""
        return checked(self._model, record)

    def read(self, records: Sequence[SourceRecord]) -> list[Any]:
        """The event of each record that is chosen, however it is read; None for one that cannot be used."""
        read = []
        for event, record in self.events(records):
            said = self.checked(record) if event is None else event
            read.append(None if isinstance(said, Rejection) else said)
        return read
