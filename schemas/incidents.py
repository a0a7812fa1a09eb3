"""`slo.incidents.v1`: incidents of many apps or of one, as they are now.

Key: `id`. Producer: the notifier that is the desk. Consumers: status pages, incident tools. At least once, the last
record of a key counts. Compacted. What happened to an incident, in words, is its `timeline`.
"""

from typing import Annotated, Literal

from pydantic import Field

from schemas.fields import Text, UtcSeconds
from schemas.record import Record

Severity = Literal["SEV1", "SEV2", "SEV3"]
Fault = Literal["APP", "PLATFORM", "THIRD_PARTY", "UNKNOWN"]
Words = Annotated[str, Field(max_length=4_096)]


class CommonCause(Record):
    """Where breaches began together."""

    kind: Literal["region", "product-metric", "product", "metric", "host", "partner", "all"]
    """What kind of place it is."""
    name: Annotated[str, Field(max_length=2_400)]
    """Its name: `Jira`, `Jira/webhook-delivery-success-rate`; empty for all."""


class SeverityVotes(Record):
    """What each path says; null where it says nothing."""

    numbers: Severity | None
    """By users and apps."""
    capability: Severity | None
    """By the capability, where nobody knows how many are hit."""
    reports: Severity | None
    """By reports of partners."""
    decision: Severity | None
    """What a person decided: it replaces all others."""


class ResponseTarget(Record):
    """What has to be done by when."""

    due: UtcSeconds
    """Until when, inclusive."""
    done: UtcSeconds | None
    """When it was; null: not yet."""
    outcome: Literal["PENDING", "MET", "MISSED"]
    """What became of it."""


class Deadlines(Record):
    """The response targets; null where the severity has none."""

    investigation: ResponseTarget | None
    """Somebody investigates."""
    update: ResponseTarget | None
    """The first status update is out."""


class PirAction(Record):
    """Something that is done so that it does not happen again."""

    what: Words
    """What is done."""
    owner: Text
    """By whom."""
    due: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")] | None = None
    """Until when; null: no date."""


class Pir(Record):
    """The post-incident review."""

    status: Literal["DRAFT", "SUBMITTED", "SIGNED_OFF"]
    """How far it is; an incident manager signs it off."""
    text: Annotated[str, Field(max_length=65_536)]
    """What happened, and why."""
    actions: list[PirAction]
    """What is done about it."""
    system_at_fault: Fault
    """Whose fault it was."""
    signed_off_by: Text | None = None
    """Who signed it off."""


class TimelineEntry(Record):
    """One thing that happened to an incident."""

    time: UtcSeconds
    """When."""
    act: Text
    """What, in one word: `CONFIRMED`, `NOTE`."""
    who: Text
    """By whom; `slo-streams` where nobody decided it."""
    text: Words
    """In words."""
    public: bool
    """Whether partners who see the incident see it."""


class Incident(Record):
    """An incident, as it is now."""

    id: Text
    """Its name for ever."""
    title: Text
    """What people call it."""
    raised_by: Literal["COMMON_CAUSE", "PARTNER", "SUPPORT", "PLATFORM"]
    """Who began it: breaches of many that began together, or people."""
    common_cause: CommonCause | None
    """Where they began; null for one that people raised."""
    verdict: Literal["CANDIDATE", "CONFIRMED", "DISMISSED"]
    """What a person says of one that was found; one that people raised is confirmed."""
    state: Literal["TRIAGE", "INVESTIGATING", "IDENTIFIED", "MONITORING", "RESOLVED", "PIR", "CLOSED"]
    """How far the work on it is."""
    severity: Severity | None
    """How severe it is; null for a ticket without a severity."""
    votes: SeverityVotes
    """How that came."""
    level: Literal["MAJOR", "MINOR"]
    """Major for an outage, unless a person says otherwise."""
    kind: Literal["OUTAGE", "DEGRADATION"]
    """An outage where at least half of what happened since the start failed, unless a person says otherwise."""
    capability: Text | None
    """What does not work."""
    tier: Literal["C1", "C2", "C3"] | None
    """How much depends on it."""
    suspected_fault: Fault
    """Whose fault it seems to be."""
    apps: Annotated[list[Text], Field(max_length=1_000)]
    """Apps that are hit, in the order of their keys; the first thousand."""
    app_count: Annotated[int, Field(ge=0)] | None
    """How many are; null: nobody knows."""
    users: Annotated[int, Field(ge=0)] | None
    """How many users are hit; null: nobody knows."""
    reports: Annotated[int, Field(ge=0)]
    """How many partners reported it."""
    trial: bool
    """Only tried out: in no statistics, on no status page."""
    visibility: Literal["PARTNER", "ALL_PARTNERS", "INTERNAL"]
    """Who may see it beside the platform: partners of its apps, all partners, nobody."""
    start: UtcSeconds
    """First impact."""
    detected_at: UtcSeconds
    """When it was found or raised."""
    ended_at: UtcSeconds | None
    """When the impact was over; null: it is not."""
    deadlines: Deadlines
    """What has to be done by when."""
    exclusions: list[Text]
    """Ids of exclusions that were approved for it."""
    pir: Pir | None
    """Its review; null before there is one."""
    timeline: Annotated[list[TimelineEntry], Field(max_length=100)]
    """What happened, the latest hundred."""
    time: UtcSeconds
    """When it last changed."""
