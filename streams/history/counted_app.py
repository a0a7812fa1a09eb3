"""What is counted of one app, read from the database once for all that is made of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from streams.history.completed import completed_minutes
from streams.history.minutes import Minutes
from streams.history.reading import Connection, MinuteReader, StoredSeries, read_series
from streams.history.sources import by_scope
from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class CountedApp:
    """An app as a transaction sees it: its series, and by metric the minute since 1970 up to which all is counted."""

    key: str
    series: Sequence[StoredSeries]
    completed: Mapping[str, int]
    connection: Connection
    _reader: MinuteReader

    def by_scope(self, metric_id: str, source: str | None = None) -> dict[str, list[StoredSeries]]:
        """The series of a metric by their scope, as `sources.by_scope` gives them."""
        return by_scope(self.series, metric_id, source)

    def minutes(self, series: Iterable[StoredSeries], start: int, end: int) -> list[Minutes]:
        """What each of these series tells of the minutes [start, end) since 1970."""
        ids = [one.id for one in series]
        found = self._reader.minutes(ids, start, end)
        return [found[number] for number in ids]


def read_counted_app(connection: Connection, settings: Settings, app_key: str) -> CountedApp:
    """What is counted of an app; of one of which nothing is, without series."""
    completed = completed_minutes(connection, settings, app_key)
    return CountedApp(app_key, read_series(connection, app_key), completed, connection, MinuteReader(connection))
