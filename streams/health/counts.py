"""What services count, by the names and labels that Prometheus shows."""

from typing import Final, NamedTuple

from schemas.rejected import RejectReason
from streams.evaluation.transition import AlertReason, Kind


class Count(NamedTuple):
    """One number of a service: its metric's name after `slo_streams_`, and the values of its labels beside `topic`."""

    name: str
    labels: tuple[str, ...] = ()


RECORDS: Final = Count("records")
COUNTED: Final = Count("events", ("counted",))
NOT_COUNTED: Final = Count("events", ("not_counted",))
FOREIGN_COPY: Final = Count("events", ("foreign_copy",))
COPY: Final = Count("events", ("copy",))
TOO_OLD: Final = Count("events", ("too_old",))
PASSED_OVER: Final = Count("events", ("passed_over",))
GOOD: Final = Count("outcomes", ("good",))
BAD: Final = Count("outcomes", ("bad",))
REROUTED: Final = Count("rerouted")
ROWS: Final = Count("rows")
RESTORED_ROWS: Final = Count("restored_rows")


def rejected(reason: RejectReason) -> Count:
    """Records rejected for a reason."""
    return Count("rejected", (reason,))


def alerts(kind: Kind, reason: AlertReason) -> Count:
    """Breaches or recoveries with a reason."""
    return Count("alerts", (kind, reason))
