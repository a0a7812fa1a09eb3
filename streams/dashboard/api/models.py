"""The objects of the API, for its document. Times are RFC 3339 text in UTC, counts are integers."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Count = int
Time = str


class _Object(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, use_attribute_docstrings=True)


class Burn(_Object):
    """How many times as fast as it may the budget goes; null: no number."""

    last_hour: float | None = Field(alias="1h")
    last_6_hours: float | None = Field(alias="6h")
    last_day: float | None = Field(alias="1d")
    last_3_days: float | None = Field(alias="3d")


class Budget(_Object):
    """What one series has left of what one SLO allows. Of a period seen in part the numbers are of what was seen."""

    app_key: str
    metric_id: str
    scope: str
    slo: str
    target: str
    """The share of good events wanted, as written: `0.99`."""
    period_days: int
    good_count: Count
    bad_count: Count
    covered_minutes: int
    """Of the period, since the first event."""
    state: Literal["MET", "AT_RISK", "EXHAUSTED", "NO_DATA"]
    consumed: float | None
    """The share of the budget that is used, above 1 where the target is missed; null: no number."""
    remaining_events: int | None
    """That may still fail, rounded down; below 0 where the target is missed."""
    burn: Burn
    exhausted_at: Time | None
    """When nothing is left if every day is like the last one; null: not within one more period."""
    breached: bool
    """Whether an alert of the series is open."""


class BudgetPage(_Object):
    """Budgets."""

    as_of: Time | None
    """Up to when is counted: the least of what is shown."""
    items: list[Budget]
    next: str | None
    """Where the next page begins: its `cursor`."""


class Counts(_Object):
    """Counts of one series; each list has an element for each step."""

    as_of: Time
    """Up to when is counted; what lies after it may still grow."""
    from_: Time = Field(alias="from")
    step: int
    """Seconds."""
    good: list[Count]
    bad: list[Count]
    excluded: list[Count]
    """Events that count neither as good nor as bad."""
    p50: list[float | None]
    """Latency in ms; null without any, and in steps below 300 s."""
    p90: list[float | None]
    p99: list[float | None]


class RuleBurn(_Object):
    """What one alert rule saw of the budget; each list has an element for each step.

    Both rates are of the one boundary of the step at which the rule was nearest to firing: both are above the threshold
    where it was below its objective. Null: no event in the window.
    """

    objective: str
    severity: str
    judged_by: Literal["worker", "history"]
    window_seconds: int
    short_window_seconds: int | None
    """Of a rule with two windows, both of which have to burn."""
    threshold: float
    """Burn rate above which it fires."""
    long: list[float | None]
    short: list[float | None] | None


class BurnRates(_Object):
    """How many times as fast as it may the budget of one series went, as each of its rules saw it."""

    as_of: Time
    from_: Time = Field(alias="from")
    step: int
    """Seconds."""
    rules: list[RuleBurn]


class AlertPage(_Object):
    """Alerts as they were published, newest first."""

    as_of: Time | None
    items: list[dict[str, Any]]
    next: str | None


class WindowCounts(_Object):
    """Events of the window that an alert was judged by."""

    good_count: Count
    bad_count: Count


class Delivery(_Object):
    """A notification's way to one target."""

    id: str
    notification: str
    app_key: str | None
    kind: str
    thread: str
    channel: str
    target: str | None
    """Null: a target of the platform's."""
    state: Literal["DUE", "SENT", "DEAD", "SUPPRESSED"]
    reason: str | None
    attempts: int
    digest: str | None
    """The delivery that tells of this one among others."""
    created_at: Time
    due_at: Time
    sent_at: Time | None


class DeliveryPage(_Object):
    """Deliveries, newest first."""

    as_of: Time | None
    items: list[Delivery]
    next: str | None


class AlertDetails(_Object):
    """One incident: its alerts as they were published, and what is known today."""

    as_of: Time | None
    incident_id: str
    breach: dict[str, Any] | None
    recovery: dict[str, Any] | None
    counts_as_judged: WindowCounts
    counts_as_known_today: WindowCounts | None
    """With events that came later, without what is excluded by now; null: no longer kept by the minute."""
    deliveries: list[Delivery]


class IncidentPage(_Object):
    """Incidents, newest first: records of `slo.incidents.v1`, of which a partner sees what is public."""

    as_of: Time | None
    items: list[dict[str, Any]]
    next: str | None


class IncidentDetails(_Object):
    """One incident: its record of `slo.incidents.v1`, of which a partner sees what is public."""

    model_config = ConfigDict(extra="allow")

    as_of: Time | None
    id: str


class StandingChange(_Object):
    """A step on the ladder."""

    number: int
    stage: str
    former: str
    reason: str
    since: Time
    told_at: Time


class Decision(_Object):
    """What a person decided."""

    id: int
    act: str
    stage: str | None
    until: Time | None
    appeal: int | None
    who: str
    why: str
    time: Time


class Appeal(_Object):
    """That a breach should not count, a partner holds."""

    id: int
    incident_id: str
    who: str
    why: str
    time: Time


class AppealMade(_Object):
    """An appeal that is on record."""

    appeal: int
    """Its number."""
    app_key: str
    incident_id: str


class DecisionMade(_Object):
    """A decision that is on record."""

    app_key: str
    decision: str
    stage: str | None
    until: Time | None
    appeal: int | None


class IncidentRaised(_Object):
    """An incident that is on record; within some seconds, while a notifier runs, it can be read."""

    id: str


class Standing(_Object):
    """Where an app stands on the ladder, and how it came there."""

    as_of: Time | None
    app_key: str
    stage: Literal["CLEAR", "NOTIFIED", "REMEDIATION", "DEMOTION_DUE", "DEMOTED"]
    since: Time | None
    episodes: list[dict[str, Any]]
    reason: str | None
    time: Time | None
    review_due: bool
    changes: list[StandingChange]
    decisions: list[Decision]
    appeals: list[Appeal]


class StandingRow(_Object):
    """Where one app stands."""

    app_key: str
    app_name: str | None
    """As the catalogue has it; null: it has no such app any more."""
    stage: Literal["CLEAR", "NOTIFIED", "REMEDIATION", "DEMOTION_DUE", "DEMOTED"]
    since: Time
    reason: str | None
    """Of the last change."""
    time: Time
    """As of when this holds."""
    review_due: bool
    counted: Count
    """Episodes of the period that count."""
    appeals: Count
    """That wait for a decision."""


class StandingPage(_Object):
    """Standings of apps, the highest first."""

    as_of: Time | None
    items: list[StandingRow]
    next: str | None


class Exclusion(_Object):
    """Time that does not count."""

    id: str
    app_key: str | None
    """Null: for all apps."""
    metric_id: str | None
    scope: str | None
    reason: Literal["PLANNED_DOWNTIME", "PLATFORM_FAULT"]
    start: Time
    end: Time | None
    """Null: it still goes on."""
    announced_at: Time | None
    """As it says, or when its start was put on record; null: since ever."""
    takes_effect: bool
    """Whether it was announced in time to."""
    phase: Literal["current", "coming", "past", "called off"]


class ExclusionPage(_Object):
    """Exclusions, what starts last first."""

    as_of: Time | None
    items: list[Exclusion]
    next: str | None


class ReportIncident(_Object):
    """A breach of the month."""

    incident_id: str
    objective: str
    severity: str
    breached_at: Time
    told_at: Time | None
    """When the first message of it was accepted."""
    recovered_at: Time | None
    recovery_reason: str | None
    time_to_detect_seconds: int | None


class ReportItem(_Object):
    """One SLI of an app in a month, under one SLO."""

    app_key: str
    app_name: str
    metric_id: str
    scope: str
    slo: str
    target: str
    good_count: Count
    bad_count: Count
    attainment: float | None
    """The share of good events."""
    met: bool | None
    consumed: float | None
    """The share of the month's budget that was used."""
    breaches: Count
    """Begun in the month, without those that are excluded."""
    time_to_detect_seconds: int | None
    """Median: from the first bad event of the window to the breach; null: no longer kept by the minute."""
    time_to_tell_seconds: int | None
    """Median: from the breach to the first message that was accepted."""
    time_to_recover_seconds: int | None
    """Median, of those that ended."""
    incidents: list[ReportIncident]


class ReportNotice(_Object):
    """Something else that was told: a change of standing, an incident."""

    kind: str
    app_key: str
    time: Time
    subject: str


class IncidentMeans(_Object):
    """How incidents went: means from the first impact, of those that have come that far; null: none has."""

    count: Count
    """Begun in the month, confirmed, no trials."""
    time_to_detect_seconds: int | None
    """Until it was found (MTTD)."""
    time_to_update_seconds: int | None
    """Until the first status update."""
    time_to_recover_seconds: int | None
    """Until it was over (MTTR)."""


class AppIncidents(IncidentMeans):
    """Of one app."""

    app_key: str


class ReportIncidents(IncidentMeans):
    """Of all incidents that hit the partner's apps and that it may see."""

    apps: list[AppIncidents]
    """Those that were hit."""


class IncidentMeasure(IncidentMeans):
    """Of a month, and of one app or partner if rows are by those."""

    month: str
    app_key: str | None
    partner: str | None
    """Its id; of an app without one, its partner's name."""


class IncidentMeasures(_Object):
    """How quickly incidents were found, told of and over."""

    items: list[IncidentMeasure]
    next: str | None
    """Where the next page begins: its `cursor`."""


class Report(_Object):
    """A month of a partner."""

    as_of: Time | None
    partner: str
    partner_name: str
    month: str
    items: list[ReportItem]
    notices: list[ReportNotice]
    """The first two hundred."""
    incidents: ReportIncidents


class Firing(_Object):
    """A breach that there would have been."""

    app_key: str
    metric_id: str
    scope: str
    objective: str
    breached_at: Time
    recovered_at: Time | None
    """Null: it stands at the end."""
    reason: str | None
    alone: bool
    """The other rules fired nothing for this series meanwhile."""


class Side(_Object):
    """What one of the two sets of rules would have fired."""

    firings: Count
    series: Count
    alone: Count
    """Firings during which the other one fired nothing for the series."""
    flaps: Count
    """Firings of five minutes or less."""
    median_seconds: int | None
    """How long those lasted that ended."""
    items: list[Firing]
    """The first thousand."""


class SeriesDifference(_Object):
    """A series of which the two differ, and how often each would have fired."""

    app_key: str
    metric_id: str
    scope: str
    now: Count
    tried: Count


class RulesFiring(Firing):
    """A firing of one of the two."""

    rules: Literal["now", "tried"]


class BacktestFirings(_Object):
    """All firings of a back-test."""

    items: list[RulesFiring]


class BacktestDifference(_Object):
    """All series of which the two differ."""

    items: list[SeriesDifference]


class BacktestResult(_Object):
    """Two sets of rules side by side."""

    job: str | None
    """Of the whole fleet in the background: GET `/api/v1/backtest/{job}`."""
    state: Literal["RUNNING", "DONE", "CANCELLED", "FAILED"] | None = None
    """Of a job."""
    as_of: Time | None
    days: int
    apps: Count | None
    """That were asked for; null while a job has not counted them."""
    apps_judged: Count
    series_judged: Count
    complete: bool
    now: Side
    tried: Side
    difference: list[SeriesDifference]
