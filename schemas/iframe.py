"""`slo.iframe.v1`: one load of an app's iframe in the product.

Key: `appKey`. Producers: the product's front end (`HOST`) and, for apps that report their own loads, the publish API
(`APP`). Consumers: the evaluator, for `iframe-load-success-rate`; where a window holds events of the app, those of
the host do not count. Retention: 7 days is plenty; at least the longest window plus the longest outage to recover from.
"""

from typing import Literal

from pydantic import Field

from schemas.fields import EventTime, Milliseconds, Text
from schemas.record import Record


class IframeLoad(Record):
    """One load. Good when the bridge came within 12,000 ms (`HOST`), or `status` is `SUCCESS` (`APP`)."""

    app_key: Text
    """The app that was loaded."""
    time: EventTime
    scope: Text = Field(alias="product")
    """The product it was loaded in: Jira, Confluence, ..."""
    client_key: Text
    """The installation it was loaded for."""
    module_type: Text
    """The kind of module, for example `generalPages`."""
    source: Literal["HOST", "APP"]
    """Who reports the load."""
    bridge_in_millis: Milliseconds | None = None
    """Time until the iframe spoke to the host; null when it never did."""
    status: Literal["SUCCESS", "FAIL"] | None = None
    """The app's own verdict; null from the host."""
    duration_in_millis: Milliseconds | None = None
    """Time until the page could be used, as the app measured it."""
    group: Text | None = None
    """Where the app runs; null means PROD, and only PROD counts."""
