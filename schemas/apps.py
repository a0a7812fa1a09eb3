"""`slo.apps.v1`: the app catalogue, one record per app.

Key: `appKey`. Producers: the marketplace. Consumers: the evaluator (names in alerts, excluded clients), the health
prober (what to check), the notifier (whom to tell). Compacted: the newest version of an app is kept for ever. A null
value (a tombstone) removes it; an empty one is rejected as `not_json`. A record under another key than its `appKey` is
rejected as `schema`, as it would replace, or be replaced by, what it does not speak of.
"""

from schemas.fields import BaseUrl, EventTime, Text
from schemas.record import Record


class App(Record):
    """An app as the catalogue knows it. Names change when they are read, all else by the record's timestamp."""

    app_key: Text
    """The app's stable id."""
    name: Text
    """Its name, as alerts show it."""
    partner_name: Text
    """Who makes it, as alerts show it."""
    partner_id: Text | None = None
    """Who may see the app; null means only the platform."""
    email: Text
    """Who is told about breaches."""
    healthcheck_urls: list[BaseUrl]
    """The base URLs to check; empty when the app is not probed."""
    excluded_client_keys: list[Text]
    """Installations whose callbacks and webhooks never count, named by the partner or known as scanners."""
    enrolled_at: EventTime | None = None
    """Since when its breaches are told to the partner and count in its standing; null means always."""
