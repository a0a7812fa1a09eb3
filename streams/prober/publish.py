"""Results of a prober onto Kafka."""

from collections.abc import Awaitable, Callable

from aiokafka import AIOKafkaProducer
from aiokafka.errors import UnknownTopicOrPartitionError

from streams.names import AVAILABILITY
from streams.prober.check import CheckResult
from streams.settings import Settings

Report = Callable[[CheckResult], Awaitable[None]]
"""Takes the result of a check; what it raises ends the prober."""


async def report_to(producer: AIOKafkaProducer, settings: Settings) -> Report:
    """Where a prober hands its results: one record each, waited for until the brokers have it.

    Raises:
        UnknownTopicOrPartitionError: the topic is missing, or hidden from this user; told before the first check.
    """
    topic = settings.topics.input(AVAILABILITY)
    if topic not in (await producer.client.fetch_all_metadata()).topics():
        raise UnknownTopicOrPartitionError("there is no such topic, or this user may not see it")

    async def report(result: CheckResult) -> None:
        await producer.send_and_wait(topic, key=result.target.app_key.encode(), value=result.to_json())

    return report
