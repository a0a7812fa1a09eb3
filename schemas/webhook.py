"""`slo.webhook.v1`: one attempt to deliver a webhook to an app; every attempt is an event of its own.

Key: `appKey`. Producers: the platform's webhook dispatcher, which also sends the lifecycle calls `enabled` and
`disabled` here. Consumers: the evaluator, for `webhook-delivery-success-rate`. Retention: 7 days is plenty; at least
the longest window plus the longest outage to recover from.
"""

from pydantic import Field

from schemas.fields import ErrorText, EventTime, FaultOwner, Milliseconds, StatusCode, Text
from schemas.record import Record


class WebhookDelivery(Record):
    """One attempt and its answer. Good when `statusCode` is 200 or 204."""

    app_key: Text
    """The app that was called."""
    time: EventTime
    scope: Text = Field(alias="product")
    """The product the webhook comes from: Jira, Confluence, ..."""
    client_key: Text
    """The installation; the catalogue may exclude it."""
    event: Text
    """What the webhook tells, for example `jira:issue_updated`."""
    status_code: StatusCode | None = None
    """The HTTP status of the answer, no fraction, no exponent; null when there was none (DNS, TLS, timeout)."""
    duration_in_millis: Milliseconds | None = None
    """Time to the full answer; null when there was none."""
    error: ErrorText = None
    """Why there was no answer, for people: text of any length. Whatever it holds, it makes no event unusable."""
    fault_owner: FaultOwner | None = None
    """`PLATFORM` takes the attempt out of the count, good or bad; null means nobody found a fault."""
    group: Text | None = None
    """Where the app runs; null means PROD, and only PROD counts."""
