"""`slo.synthetic.v1`: one result of a synthetic test, which an app runs against itself in the first-rollout group.

Key: `appKey`. Producer: the publish API. Consumers: history, which shows them for as long as it keeps events; no
objective ever counts them. Retention: 7 days is plenty; as long as history may be away.
"""

from typing import Literal

from pydantic import Field

from schemas.fields import EventTime, Milliseconds, Text
from schemas.record import Record


class SyntheticResult(Record):
    """One test run, as the app judged it."""

    app_key: Text
    """The app that tested itself."""
    time: EventTime
    scope: Text = Field(alias="product")
    """The product it was tested in: Jira, Confluence, ..."""
    client_key: Text
    """The installation it was tested with."""
    status: Literal["SUCCESS", "FAIL"]
    """The app's own verdict."""
    duration_in_millis: Milliseconds | None = None
    """How long the test took; only successes have it."""
