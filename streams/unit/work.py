"""What one commit consists of, apart from where it goes."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from streams.outlet.outgoing import Outgoing


@dataclass(frozen=True, slots=True)
class Work:
    """Everything a unit did since its last commit: to be stored whole or not at all.

    `rows` are changelog rows by their keys (None: dropped), the meta row among them; `next_offset` is where reading
    goes on. `settled` is what the alert state lacked, to be written before the alerts. `due_ms` tells of each breach
    and recovery from when on it could be known: its boundary + lateness.
    """

    rows: dict[bytes, bytes | None]
    next_offset: int
    watermark_ms: int | None
    alerts: Iterable[Outgoing] = ()
    misfits: Iterable[Outgoing] = ()
    due_ms: list[int] = field(default_factory=list)
    settled: list[Outgoing] = field(default_factory=list)
