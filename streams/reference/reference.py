"""Catalogue and exclusions together, as the records of their topics tell them."""

from schemas.apps import App
from schemas.exclusions import Exclusion as ExclusionRecord
from schemas.rejected import Reason
from streams.evaluation.exclusions import Exclusion, Exclusions
from streams.intake.checking import Rejection, checked, size_problem
from streams.intake.chunk import SourceRecord
from streams.names import Topics
from streams.reference.catalogue import Catalogue

PLANNED = "PLANNED_DOWNTIME"


class Reference:
    """What is known beside the events. An empty value withdraws what its key named."""

    def __init__(self, topics: Topics) -> None:
        self.catalogue = Catalogue()
        self.exclusions = Exclusions()
        self._takers = {topics.apps: self._take_app, topics.exclusions: self._take_exclusion}

    @property
    def topics(self) -> list[str]:
        """The topics it is told by."""
        return list(self._takers)

    def take(self, topic: str, record: SourceRecord) -> Rejection | None:
        """Learn from the next record of a topic; one that cannot be used changes nothing, and why is returned."""
        return size_problem(record) or self._takers[topic](record)

    def _take_app(self, record: SourceRecord) -> Rejection | None:
        if record.value is None:
            self.catalogue.remove(_text(record.key))
            return None
        app = checked(App, record)
        if isinstance(app, Rejection):
            return app
        if record.key != app.app_key.encode():
            return Rejection(record, Reason.SCHEMA, "the key is not the appKey")
        self.catalogue.put(app)
        return None

    def _take_exclusion(self, record: SourceRecord) -> Rejection | None:
        timestamp_ms = record.timestamp if record.timestamp is not None and record.timestamp >= 0 else None
        if record.value is None:
            self.exclusions.add(_text(record.key), None, timestamp_ms)
            return None
        said = checked(ExclusionRecord, record)
        if isinstance(said, Rejection):
            return said
        if record.key != said.id.encode():
            return Rejection(record, Reason.SCHEMA, "the key is not the id")
        exclusion = Exclusion(
            said.app_key, said.metric_id, is_planned=said.reason == PLANNED, start_ms=said.start, end_ms=said.end
        )
        self.exclusions.add(said.id, exclusion, timestamp_ms)
        return None


def _text(key: bytes | None) -> str:
    """A key to withdraw by; one that is no text names nothing."""
    return (key or b"").decode(errors="replace")
