"""`slo.alerts.v1` and `slo.alert-state.v1`: breaches of objectives, and recoveries from them.

`slo.alerts.v1` has one record per transition. Key: `appKey`. Retention: as long as incidents are looked up; 28 days
cover an error budget period. `slo.alert-state.v1` has the latest of each series and objective: what is breached right
now. Key: the compact JSON `[appKey,metricId,scope,objective]`. Compacted. Producer of both: the evaluator. Consumers:
notifiers, incident tools, dashboards; `read_committed` consumers see every transition exactly once.
"""

from typing import Annotated, Literal

from pydantic import Field

from schemas.fields import UtcSeconds
from schemas.record import Record

Count = Annotated[int, Field(ge=0)]


class AppDetails(Record):
    """How people call the app and its maker."""

    name: str
    """The catalogue's name, or the `appKey` of an app it does not know."""
    partner_name: str | None
    """The catalogue's partner; null for an app it does not know."""


class Alert(Record):
    """A transition of one objective on one series, with the numbers it was judged on."""

    type: Literal["BREACH", "RECOVERY"]
    """BREACH: the objective began to be missed. RECOVERY: that breach is over."""
    app_key: str
    """The app, first part of the series."""
    app_details: AppDetails
    """Names to show."""
    incident_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{11}$")]
    """The same in a breach and its recovery, and whenever the same log is processed again."""
    incident_status: Literal["ANOMALOUS", "OK"]
    """ANOMALOUS with a breach, OK with a recovery."""
    time: UtcSeconds
    """The boundary at which it was judged."""
    metric_name: str
    """The metric, for people: `Jira Webhook Delivery Success Rate`."""
    metric_unit: Literal["PERCENT"]
    """The unit of `sliValue` and `sloValue`."""
    measurement_duration_seconds: Annotated[int, Field(gt=0)]
    """Length of the window."""
    sli_value: Annotated[float, Field(ge=0, le=100)] | None
    """Share of good events in the window, percent; null when there were none."""
    slo_value: Annotated[float, Field(le=100)]
    """The objective, percent; below zero for a burn rate no share of failures can reach."""
    metric_id: str
    """The metric, for programs."""
    scope: str
    """The base URL (availability) or the product (all others), last part of the series."""
    objective: str
    """Name of the alert policy in the objectives file."""
    good_count: Count
    """Good events in the window."""
    bad_count: Count
    """Bad events in the window."""
    window_start: UtcSeconds
    """First instant of the window."""
    window_end: UtcSeconds
    """First instant after the window."""
    reason: Literal["BELOW_OBJECTIVE", "RESTORED", "NO_DATA", "EXCLUDED", "RETIRED"]
    """Why the state changed: missed; met again; nothing left to judge; not to be counted; objective removed."""
    breached_at: UtcSeconds
    """The boundary of the breach, in a recovery too."""
    severity: str
    """How bad it is: `page`, or what the rule says."""
    service: str | None
    """The service of the objective; null where it names none."""
