"""`slo.standing.v1`: where each app stands on the ladder of impact.

Key: `appKey`. One record whenever a stage or an episode of an app changes; an app that never had a breach has none.
Producer: the desk, that is one of the notifiers, at least once: the last record of an app holds. Consumers: whoever
shows or acts on the standing of apps. Compacted; written in transactions.
"""

from typing import Annotated, Literal

from pydantic import Field

from schemas.fields import UtcSeconds
from schemas.record import Record

LeftOut = Annotated[int, Field(ge=0, exclude_if=lambda count: count == 0)]
IncidentId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{11}$")]


class StandingEpisode(Record):
    """Breaches that follow each other closely: together they count once, or not at all."""

    start: UtcSeconds
    """When its first breach began."""
    end: UtcSeconds | None
    """When its last one ended; null while one of them stands."""
    incident_ids: list[IncidentId]
    """Its breaches, as alerts name them; of more than 1,000 the first ones, and fewer where a record has many."""
    counts: bool
    """Whether one of its breaches counts."""
    why: str | None
    """Why it does not count, for people; null where it counts."""
    incidents_left_out: LeftOut = 0
    """How many more breaches it has, which are not named for want of room; absent where all are."""


class Standing(Record):
    """Where an app stands at a time, since when, and the episodes of the two periods before that."""

    app_key: str
    """The app."""
    stage: Literal["CLEAR", "NOTIFIED", "REMEDIATION", "DEMOTION_DUE", "DEMOTED"]
    """The rung of the ladder."""
    since: UtcSeconds
    """Since when it stands there, by what is known now."""
    episodes: list[StandingEpisode]
    """In the order of time; open ones, and those that ended within the two periods before `time`."""
    reason: Literal["BREACH", "TIME", "TARGET_MISSED", "DECISION", "RETRACTED", "REVIEW_DUE"]
    """What moved it there: a breach; time that passed; a target that was missed twice running; a person; a fact that
    came late and took the former stage back; or one that makes a demotion questionable, which only a person ends."""
    time: UtcSeconds
    """As of when this holds, by the time of the events."""
    episodes_left_out: LeftOut = 0
    """How many more episodes of the two periods there are, the oldest, for which there was no room; absent where all
    are here. They count as any other."""
