"""`slo.heartbeat.v1`: that an input partition is judged, how far, and by whom.

Key: the compact JSON `[applicationId,topic,partition]`. One record for each input partition every ten seconds
(`SLO_HEARTBEAT_INTERVAL`), by the worker that has it, the first when it has taken one over; the last one counts.
Producer: the evaluator, apart from its transactions, so that alerts never wait for it. Consumers: whoever pages when
the evaluator is dead, `slo-streams watch` for one; and the worker itself, for the time of the broker in silence. No
alert is good news only from a partition whose last heartbeat is at most a minute old, with a small lag. Compacted; its
records have the time of the broker (`message.timestamp.type=LogAppendTime`).
"""

from typing import Annotated

from pydantic import Field

from schemas.fields import Text, UtcSeconds
from schemas.record import Record


class ProberReport(Record):
    """How a health prober is doing; numbers since its start."""

    urls: Annotated[int, Field(ge=0)]
    """URLs that it has."""
    good: Annotated[int, Field(ge=0)]
    """Good checks."""
    bad: Annotated[int, Field(ge=0)]
    """Bad ones."""
    refused: Annotated[int, Field(ge=0)]
    """Of URLs that must not be called."""
    left_out: dict[Text, Annotated[int, Field(ge=0)]]
    """Checks that count for nobody, by kind: trouble was the prober's own, or may have been."""
    suspended_since: UtcSeconds | None = None
    """Since when it reports nothing, as too much failed at once; null while it reports."""
    suspended_results: Annotated[int, Field(ge=0)] = 0
    """Results since then: reported later or left out, as SLO_PROBER_SUSPENDED says."""
    suspended_bad: Annotated[int, Field(ge=0)] = 0
    """How many of them are bad."""


class Heartbeat(Record):
    """How one input partition is doing; or a prober, whose records have `prober`, and a key of their own."""

    application_id: Text
    """The consumer group: which of several installations."""
    topic: Text
    """The input topic."""
    partition: Annotated[int, Field(ge=0)]
    """Its partition."""
    time: UtcSeconds
    """When this was told: the brokers' time, as far as the worker knows it."""
    worker: Text
    """Who told it: the worker's `SLO_INSTANCE_ID`, or its host and process."""
    watermark: UtcSeconds | None
    """Up to where events were seen; null before the first accepted one."""
    lag: Annotated[int, Field(ge=0)] | None
    """Records still to be judged; null while the end of the partition is not known."""
    prober: ProberReport | None = None
    """In records of probers: key `[group,topic,"prober",instance]`, `applicationId` their group, `partition` 0."""
