"""`slo.healthcheck.v1`: one health check of one base URL of an app, about once a minute each.

Key: `appKey`. Producers: the health prober, or any monitor that calls the app. Consumers: the evaluator, for
`app-availability`. Retention: 7 days is plenty; at least the longest window plus the longest outage to recover from.
"""

from pydantic import Field

from schemas.fields import BaseUrl, ErrorText, EventTime, Milliseconds, StatusCode, Text
from schemas.record import Record


class HealthCheck(Record):
    """One check and its answer. Good when `statusCode` is exactly 200 in less than 3,000 ms."""

    app_key: Text
    """The app that was checked."""
    time: EventTime
    scope: BaseUrl = Field(alias="baseUrl")
    """The base URL that was checked; availability is judged for each."""
    status_code: StatusCode | None = None
    """The HTTP status of the answer, redirects not followed, no fraction, no exponent; null when there was none."""
    duration_in_millis: Milliseconds | None = None
    """Time to the full answer; null when there was none."""
    error: ErrorText = None
    """Why there was no answer, for people: text of any length. Whatever it holds, it makes no event unusable."""
    group: Text | None = None
    """Where the app runs; null means PROD, and only PROD counts."""
