"""Exclusions: time that does not count, as all versions on record have it by now."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from schemas.event_time import utc_text, utc_text_if_any
from streams.dashboard.database import View
from streams.dashboard.queries.apps import the_app
from streams.dashboard.queries.page import ListQuestion, Page, page_of, read_cursor
from streams.history.reading import read_exclusions
from streams.registry.exclusions import DeclaredExclusion, Phase, known_of

_ORDER: Final = "exclusions"


@dataclass(frozen=True, slots=True)
class ExclusionQuestion(ListQuestion):
    """Which exclusions, those that start last first; None: all. `app`: those for it, and those for all apps."""

    app: str | None = None
    phase: Phase | None = None


@dataclass(frozen=True, slots=True)
class FoundExclusions:
    """Exclusions of a page of a list, the list's next cursor, and how many there are of each phase in all."""

    items: list[DeclaredExclusion]
    next: str | None
    phases: Counter[Phase]

    def page(self, now_ms: int) -> Page:
        """As the API gives it."""
        return Page([exclusion_item(one, now_ms) for one in self.items], self.next)


def exclusions(view: View, question: ExclusionQuestion, now_ms: int) -> FoundExclusions:
    """What is on record and not withdrawn, for this viewer.

    Raises:
        ProblemError: NOT_FOUND: an app that this viewer does not see. BAD_REQUEST: the cursor.
    """
    app = None if question.app is None else the_app(view, question.app).key
    seen = known_of(read_exclusions(view.connection, app)).values()
    found = sorted((one for one in seen if question.phase in (None, one.phase(now_ms))), key=_key)
    if question.cursor is not None:
        after = tuple(read_cursor(question.cursor, _ORDER, [int, str]))
        found = [one for one in found if _key(one) > after]
    page = page_of(found, question.limit, _ORDER, _key, lambda one: {"one": one})
    return FoundExclusions([item["one"] for item in page.items], page.next, Counter(one.phase(now_ms) for one in seen))


def exclusion_item(one: DeclaredExclusion, now_ms: int) -> dict[str, Any]:
    """An exclusion as the API gives it."""
    said = one.exclusion
    return {
        "id": said.id,
        "appKey": said.app_key,
        "metricId": said.metric_id,
        "scope": said.scope,
        "reason": said.reason,
        "start": utc_text(said.start),
        "end": utc_text_if_any(said.end),
        "announcedAt": utc_text(one.announced_ms) if one.announced_ms > 0 else None,
        "takesEffect": one.takes_effect,
        "phase": one.phase(now_ms).value,
    }


def _key(one: DeclaredExclusion) -> tuple[int, str]:
    return -one.exclusion.start, one.exclusion.id
