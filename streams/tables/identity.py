"""What stored state depends on: gone on with under any other, it would be wrong without a word."""

import logging
from collections.abc import Mapping

import msgspec

from streams.exits import START_OVER, RefusalError
from streams.names import name_of
from streams.plural import number_of
from streams.settings import PartitionerName

log = logging.getLogger(__name__)


class OtherStateError(RefusalError):
    """The state was made under other circumstances than the ones that are set now."""


class Identity(msgspec.Struct, frozen=True):
    """Whose state it is, and of which events: those of `topic` that lie in one of its `partitions`, as placed."""

    application: str
    topic: str
    partitions: int
    partitioner: PartitionerName

    def check(self, stored: "Identity", partition: int) -> None:
        """Whether state that was stored under another identity may be gone on with under this one.

        Raises:
            OtherStateError: it may not; says what differs, and how to go on.
        """
        differences = [
            f"{what} was {before}, is {now}"
            for what, before, now in (
                ("SLO_APPLICATION_ID", stored.application, self.application),
                ("the input topic (SLO_TOPIC_PREFIX)", stored.topic, self.topic),
                ("its partition count", stored.partitions, self.partitions),
                ("SLO_PARTITIONER", stored.partitioner, self.partitioner),
            )
            if before != now
        ]
        if differences:
            raise OtherStateError(
                f"the stored state of {name_of(stored.topic, partition)} was made otherwise: {'; '.join(differences)}. "
                f"Set it back, or {START_OVER}."
            )


def check_outputs(alert_state: str, stored: Mapping[str, int], found: Mapping[str, int]) -> None:
    """Whether the topics that are published to have as many partitions as when that was stored.

    Of alerts and rejected records the older lie elsewhere then, which is said: each partition alone keeps its order.

    Raises:
        OtherStateError: the alert state has not: a breach would stand in two partitions, and only recover in one.
    """
    changed = {topic: count for topic, count in found.items() if stored.get(topic, count) != count}
    if alert_state in changed:
        was = number_of(stored[alert_state], "partition")
        raise OtherStateError(
            f"{alert_state} has {number_of(changed[alert_state], 'partition')}, and had {was}: what it holds would lie "
            f"in the wrong ones. Delete it and create it with cleanup.policy=compact and {was} (a worker does so with "
            "SLO_PARTITIONS): its content comes from the stored state."
        )
    for topic, count in changed.items():
        log.warning(
            "%s has %s partitions, and had %s: of one app the older records lie in another partition than the newer",
            topic,
            count,
            stored[topic],
        )
