"""What survives a crash of the engine."""

import orjson

from schemas import RejectedHeaders
from streams.evaluation.series import Series, SeriesKey
from streams.tables.rows import META_KEY, Meta, decode_meta, decode_series
from streams.unit.work import Work
from tests.laws.beside import TOPICS
from tests.model.alert import Alert


class Broker:
    """The changelog rows, the alerts and the misfits of one partition.

    `epoch` is how often it was opened, `commits` how often something was stored.
    """

    def __init__(self) -> None:
        self.rows: dict[bytes, bytes] = {}
        self.alerts: list[Alert] = []
        self.rejected: list[tuple[int, str]] = []
        self.rerouted = 0
        self.epoch = self.commits = 0

    def store(self, work: Work) -> None:
        """Keep what a unit hands over, whole."""
        self.commits += 1
        for key, value in work.rows.items():
            if value is None:
                self.rows.pop(key, None)  # one that came and went between two commits was never stored
            else:
                self.rows[key] = value
        self.alerts += [orjson.loads(record.value or b"") for record in work.alerts if record.topic == TOPICS.alerts]
        for record in work.misfits:
            if record.topic == TOPICS.rejected:
                headers = RejectedHeaders.from_kafka((name, value or b"") for name, value in record.headers)
                self.rejected.append((headers.offset, headers.reason.value))
            else:
                self.rerouted += 1

    @property
    def meta(self) -> Meta | None:
        """The meta row, once there is one."""
        return decode_meta(self.rows[META_KEY]) if META_KEY in self.rows else None

    @property
    def series(self) -> dict[SeriesKey, Series]:
        """What the other rows say."""
        decoded = [decode_series(key, value) for key, value in self.rows.items() if key != META_KEY]
        return {series.key: series for series in decoded}
