"""How much of a period was seen: a series that is younger than the period has a part of it."""

MINUTE_MS = 60_000


def covered_minutes(first_ms: int | None, as_of_ms: int, period_ms: int) -> int:
    """Minutes from the first counted one of a series, or the period's start where that is later, to `as_of_ms`."""
    if first_ms is None:
        return 0
    start_ms = max(as_of_ms - period_ms, first_ms // MINUTE_MS * MINUTE_MS)
    return max(0, as_of_ms - start_ms) // MINUTE_MS
