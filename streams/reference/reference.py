"""Catalogue and exclusions together, as the records of their topics tell them."""

from schemas.apps import App
from schemas.exclusions import Exclusion as ExclusionRecord
from schemas.rejected import RejectReason
from streams.evaluation.exclusions import ExclusionRule, Exclusions
from streams.intake.checking import Rejection, checked
from streams.kafka.chunk import SourceRecord
from streams.names import Topics
from streams.reference.catalogue import Catalogue

Said = App | ExclusionRecord | None
"""What a record says; None: what its key named is withdrawn."""


def read(topics: Topics, topic: str, record: SourceRecord) -> Said | Rejection:
    """What a record of one of the two topics says, or why it cannot be used."""
    if record.value is None:
        return None
    said = checked(App, record) if topic == topics.apps else checked(ExclusionRecord, record)
    if isinstance(said, Rejection):
        return said
    key = said.app_key if isinstance(said, App) else said.id
    if record.key != key.encode():
        return Rejection.of(record, RejectReason.SCHEMA, f"the key is not the {topics.key_fields[topic]}")
    announced_ms, known_ms = said.announced_at if isinstance(said, ExclusionRecord) else None, known_ms_of(record)
    if announced_ms is not None and known_ms is not None and announced_ms > known_ms:
        return Rejection.of(record, RejectReason.SCHEMA, "announcedAt: later than the record's own timestamp")
    return said


class Reference:
    """What is known beside the events."""

    def __init__(self, topics: Topics, catalogue: Catalogue | None = None) -> None:
        self.catalogue = catalogue or Catalogue()
        self.exclusions = Exclusions()
        self._topics = topics

    def take(self, topic: str, record: SourceRecord) -> Rejection | None:
        """Learn from the next record of a topic; one that cannot be used changes nothing, and why is returned."""
        match said := read(self._topics, topic, record):
            case Rejection():
                return said
            case App():
                self.catalogue.put(said, known_ms_of(record))
            case ExclusionRecord():
                self.exclusions.add(said.id, exclusion_of(said), known_ms_of(record))
            case None if topic == self._topics.apps:
                self.catalogue.remove(text_of(record.key), known_ms_of(record))
            case None:
                self.exclusions.add(text_of(record.key), None, known_ms_of(record))
        return None


def exclusion_of(said: ExclusionRecord) -> ExclusionRule:
    """An exclusion as the engine knows it."""
    is_planned = said.reason == "PLANNED_DOWNTIME"
    return ExclusionRule(
        said.app_key,
        said.metric_id,
        is_planned=is_planned,
        start_ms=said.start,
        end_ms=said.end,
        scope=said.scope,
        announced_ms=said.announced_at,
    )


def known_ms_of(record: SourceRecord) -> int | None:
    """Since when a version is known, epoch ms; None: since ever, as its record has no time."""
    return record.timestamp if record.timestamp is not None and record.timestamp >= 0 else None


def text_of(key: bytes | None) -> str:
    """Key of a withdrawal as text; bytes that are no text name nothing."""
    return (key or b"").decode(errors="replace")
