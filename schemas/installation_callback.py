"""`slo.installation-callback.v1`: one lifecycle call of the platform to an app.

Key: `appKey`. Producers: the platform's app installer. Consumers: the evaluator, for
`installation-callback-success-rate`, which counts `installed` only. Retention: 7 days is plenty; at least the longest
window (24 h) plus the longest outage to recover from.
"""

from typing import Literal

from pydantic import Field

from schemas.fields import ErrorText, EventTime, FaultOwner, Milliseconds, StatusCode, Text
from schemas.record import Record


class InstallationCallback(Record):
    """One call and its answer. Good when `statusCode` is 200 or 204."""

    app_key: Text
    """The app that was called."""
    time: EventTime
    scope: Text = Field(alias="product")
    """The product it is installed in: Jira, Confluence, ..."""
    client_key: Text
    """The installation; the catalogue may exclude it."""
    lifecycle: Literal["installed", "uninstalled", "enabled", "disabled"]
    """What happened to the installation."""
    status_code: StatusCode | None = None
    """The HTTP status of the answer, no fraction, no exponent; null when there was none (DNS, TLS, timeout)."""
    duration_in_millis: Milliseconds | None = None
    """Time to the full answer; null when there was none."""
    error: ErrorText = None
    """Why there was no answer, for people: text of any length. Whatever it holds, it makes no event unusable."""
    fault_owner: FaultOwner | None = None
    """`PLATFORM` takes the call out of the count, good or bad; null means nobody found a fault."""
    group: Text | None = None
    """Where the app runs; null means PROD, and only PROD counts."""
