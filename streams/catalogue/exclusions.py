"""Times that do not count: read as they are known, and how one is brought to its end."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from pydantic import ValidationError

from schemas.exclusions import Exclusion
from streams.catalogue.log import Version, read_versions
from streams.settings import Settings

PLANNED: Final = "PLANNED_DOWNTIME"
_OCCURRENCE: Final = "%Y%m%dT%H%MZ"


class Phase(StrEnum):
    """Where an exclusion stands in time."""

    CURRENT = "current"
    COMING = "coming"
    PAST = "past"


@dataclass(frozen=True, slots=True)
class Known:
    """An exclusion as it is now. `announced_ms`: when its start was first put on record."""

    exclusion: Exclusion
    announced_ms: int

    @property
    def counts(self) -> bool:
        """Whether it takes anything out: a planned one only if it was announced before its start."""
        return self.exclusion.reason != PLANNED or self.announced_ms < self.exclusion.start

    def phase(self, now_ms: int) -> Phase:
        """Where it stands at a time."""
        if self.exclusion.start > now_ms:
            return Phase.COMING
        return Phase.CURRENT if self.exclusion.end is None or self.exclusion.end > now_ms else Phase.PAST


async def read_exclusions(settings: Settings) -> dict[str, Known]:
    """The exclusions that have not been withdrawn, by id.

    Raises:
        MissingTopicError: nobody has created the topic yet.
        KafkaError: no broker could be reached.
    """
    versions = await read_versions(settings, settings.topics.exclusions)
    known = {key.decode(errors="replace"): known_of(key, of_key) for key, of_key in versions.items()}
    return {exclusion_id: one for exclusion_id, one in known.items() if one is not None}


def known_of(key: bytes, versions: Iterable[Version]) -> Known | None:
    """What the versions of a key come to, the newest last; None when it is withdrawn, or never was one.

    A version that keeps the start keeps its announcement; what is no exclusion changes nothing.
    """
    known: Known | None = None
    for version in versions:
        if version.value is None:
            known = None
            continue
        exclusion = _exclusion(key, version.value)
        if exclusion is None:
            continue
        known = replacing(known, exclusion, version.time_ms)
    return known


def replacing(before: Known | None, exclusion: Exclusion, time_ms: int) -> Known:
    """What an exclusion said at a time comes to, after what was known of its id."""
    if before is not None and before.exclusion.start == exclusion.start:
        time_ms = before.announced_ms
    return Known(exclusion, time_ms)


def _exclusion(key: bytes, value: bytes) -> Exclusion | None:
    try:
        exclusion = Exclusion.model_validate_json(value)
    except ValidationError:
        return None
    return exclusion if exclusion.id.encode() == key else None


def occurrence_id(exclusion_id: str, start_ms: int) -> str:
    """Id of one occurrence of a recurring exclusion: `upgrade-20261129T0200Z`."""
    return f"{exclusion_id}-{datetime.fromtimestamp(start_ms / 1_000, UTC):{_OCCURRENCE}}"


def with_id(known: Iterable[Known], exclusion_id: str) -> list[Known]:
    """The exclusion of that id, or all occurrences of a recurring one, by their start."""
    found = [
        one for one in known if one.exclusion.id in (exclusion_id, occurrence_id(exclusion_id, one.exclusion.start))
    ]
    return sorted(found, key=lambda one: (one.exclusion.start, one.exclusion.id))


def ended(exclusion: Exclusion, at_ms: int) -> Exclusion | None:
    """The same, over at a time; None when it is over by then as it is.

    One that has not begun by then ends where it begins: it takes nothing out. The start stays, and with it the notice.
    """
    end_ms = max(exclusion.start, at_ms)
    if exclusion.end is not None and exclusion.end <= end_ms:
        return None
    return exclusion.model_copy(update={"end": end_ms})
