"""Times that do not count: read as the engine knows them, and how one is brought to its end."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, NamedTuple

from schemas.exclusions import Exclusion
from streams.evaluation.exclusions import Exclusions, OnRecord
from streams.registry.reference import read_reference
from streams.settings import Settings
from streams.windows.hopping import Span

PLANNED: Final = "PLANNED_DOWNTIME"
FAULT: Final = "PLATFORM_FAULT"
_TO_THE_MINUTE: Final = "%Y%m%dT%H%MZ"
_TO_THE_SECOND: Final = "%Y%m%dT%H%M%SZ"
_WITHOUT_TIME_MS: Final = -1  # as Kafka marks a record that has none


class Series(NamedTuple):
    """What an exclusion may be for."""

    app_key: str
    metric_id: str
    scope: str


class Phase(StrEnum):
    """Where an exclusion stands in time."""

    CURRENT = "current"
    COMING = "coming"
    PAST = "past"
    CALLED_OFF = "called off"


@dataclass(frozen=True, slots=True)
class DeclaredExclusion:
    """An exclusion as it is now. `announced_ms`: when it was announced; `takes_effect`: whether in time to be."""

    exclusion: Exclusion
    announced_ms: int
    takes_effect: bool

    def phase(self, now_ms: int) -> Phase:
        """Where it stands at a time."""
        if self.exclusion.end is not None and self.exclusion.end <= self.exclusion.start:
            return Phase.CALLED_OFF  # ended before it began
        if self.exclusion.end is not None and self.exclusion.end <= now_ms:
            return Phase.PAST
        return Phase.COMING if self.exclusion.start > now_ms else Phase.CURRENT


async def read_exclusions(settings: Settings) -> Exclusions:
    """All that the topic says, by the rules of a worker: what that cannot use is passed over.

    Raises:
        MissingTopicError: nobody has created the topic yet.
        KafkaError: no broker could be reached.
    """
    return (await read_reference(settings, settings.topics.exclusions)).exclusions


def known_of(exclusions: Exclusions) -> dict[str, DeclaredExclusion]:
    """Exclusions that have not been withdrawn, by id."""
    return {exclusion_id: _known(exclusion_id, one) for exclusion_id, one in exclusions.on_record().items()}


def _known(exclusion_id: str, one: OnRecord) -> DeclaredExclusion:
    said = one.exclusion
    document = {
        "id": exclusion_id,
        "appKey": said.app_key,
        "metricId": said.metric,
        "scope": said.scope,
        "reason": PLANNED if said.is_planned else FAULT,
        "start": said.start_ms,
        "end": said.end_ms,
        "announcedAt": said.announced_ms,
    }
    return DeclaredExclusion(Exclusion.model_validate(document), max(one.announced_ms, _WITHOUT_TIME_MS), one.counts)


def acting(exclusions: Exclusions, moment_ms: int, series: Series, span: Span) -> list[str]:
    """Ids of the exclusions known at a moment that take something of a span of time out, for a series."""
    start_ms, end_ms = span
    found = []
    for exclusion_id, one in exclusions.on_record(moment_ms).items():
        rule = one.exclusion
        its_own = (rule.app_key, rule.metric, rule.scope)
        is_meant = all(named in (None, part) for named, part in zip(its_own, series, strict=True))
        if one.counts and is_meant and rule.start_ms < min(end_ms, rule.span[1]) and rule.span[1] > start_ms:
            found.append(exclusion_id)
    return found


def occurrence_id(exclusion_id: str, start_ms: int) -> str:
    """Id of one occurrence of a recurring exclusion: `upgrade-20261129T0200Z`, with seconds where it has some."""
    start = datetime.fromtimestamp(start_ms / 1_000, UTC)
    return f"{exclusion_id}-{start:{_TO_THE_SECOND if start.second else _TO_THE_MINUTE}}"


def with_id(among: Iterable[DeclaredExclusion], exclusion_id: str) -> list[DeclaredExclusion]:
    """The exclusion of that id, or all occurrences of a recurring one, by their start."""
    found = [
        one for one in among if one.exclusion.id in (exclusion_id, occurrence_id(exclusion_id, one.exclusion.start))
    ]
    return sorted(found, key=lambda one: (one.exclusion.start, one.exclusion.id))


def ended(exclusion: Exclusion, at_ms: int) -> Exclusion | None:
    """Exclusion that ends at a time; None when it is over by then as it is.

    One that has not begun by then ends where it begins: it takes nothing out. The start stays, and with it the notice.
    """
    end_ms = max(exclusion.start, at_ms)
    if exclusion.end is not None and exclusion.end <= end_ms:
        return None
    return exclusion.model_copy(update={"end": end_ms})
