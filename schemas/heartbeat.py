"""`slo.heartbeat.v1`: that an input partition is judged, how far, and by whom.

Key: the compact JSON `[applicationId,topic,partition]`. One record for each input partition once a minute
(`SLO_HEARTBEAT_INTERVAL`), by the worker that has it; with several of the same time, the last one counts. Producer: the
evaluator, apart from its transactions, so that alerts never wait for it. Consumers: whoever pages when the evaluator is
dead. No alert is good news only from a partition whose last heartbeat is at most three minutes old, with a small lag.
Compacted.
"""

from typing import Annotated

from pydantic import Field

from schemas.fields import Text, UtcSeconds
from schemas.record import Record


class Heartbeat(Record):
    """How one input partition is doing."""

    application_id: Text
    """The consumer group: which of several installations."""
    topic: Text
    """The input topic."""
    partition: Annotated[int, Field(ge=0)]
    """Its partition."""
    time: UtcSeconds
    """When this was told; the clock of the worker."""
    worker: Text
    """Who told it: the worker's `SLO_INSTANCE_ID`, or its host and process."""
    watermark: UtcSeconds | None
    """Up to where events were seen; null before the first accepted one."""
    lag: Annotated[int, Field(ge=0)] | None
    """Records still to be judged; null while the end of the partition is not known."""
