"""The name of an incident: the same in a breach and its recovery, and whenever the same log is processed again."""

from streams.short_hash import short_hash


def incident_id(app_key: str, metric: str, scope: str, objective: str, breached_at_ms: int) -> str:
    """The short hash of its five parts."""
    return short_hash([app_key, metric, scope, objective, breached_at_ms])
