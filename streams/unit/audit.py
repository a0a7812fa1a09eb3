"""The audit of the reference topics: records that no worker can use are kept as rejected, like those of all inputs.

Every worker passes them over, but one has to account for them. That is the owner of one certain partition, within the
commits of that partition: its meta row tells up to where they were looked at.
"""

from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.health.metrics import Metrics
from streams.intake.checking import Rejection
from streams.kafka.cluster import partitions_of
from streams.kafka.connection import client_options
from streams.names import AVAILABILITY, Topics
from streams.outlet.misfits import Misfits
from streams.reference.reference import read
from streams.settings import Settings
from streams.unit.unit import Unit

_FETCH_WAIT_MS: Final = 1_000


def is_accountable(unit: Unit, topics: Topics) -> bool:
    """Whether the owner of this partition accounts for the reference topics."""
    return unit.topic == topics.input(AVAILABILITY) and unit.partition == 0


async def audit(settings: Settings, unit: Unit, metrics: Metrics) -> None:
    """Read on where the unit says, and give it what has to be rejected, until cancelled.

    Raises:
        MissingTopicError, KafkaError: the topics cannot be read.
    """
    topics = settings.topics
    places = await partitions_of(settings, topics.reference)
    for topic in topics.reference:
        metrics.audited(topic, ())
    reader = AIOKafkaConsumer(
        **client_options(settings),
        enable_auto_commit=False,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        fetch_max_wait_ms=_FETCH_WAIT_MS,
    )
    async with reader:
        reader.assign(places)
        for tp in places:
            reader.seek(tp, unit.audited.get(place_name(tp), 0))
        while True:
            for tp, records in (await reader.getmany(timeout_ms=_FETCH_WAIT_MS)).items():
                misfits = Misfits(settings.application_id, tp.topic, tp.partition, topics.rejected)
                found = [read(topics, tp.topic, record) for record in records]
                rejected = [problem for problem in found if isinstance(problem, Rejection)]
                metrics.audited(tp.topic, (problem.reason for problem in rejected))
                unit.account(place_name(tp), records[-1].offset + 1, map(misfits.rejected, rejected))


def place_name(tp: TopicPartition) -> str:
    """A partition as the meta row names it."""
    return f"{tp.topic}-{tp.partition}"
