"""The Faust agents: one for each input topic, thin. What the events mean is decided further in."""

import faust
from faust.types import StreamT

from streams.kafka.chunk import Chunk
from streams.names import AVAILABILITY, IFRAME, INSTALLATION, WEBHOOK, Metric, Topics
from streams.ownership.partitions import Partitions
from streams.unit.unit import Unit


def register_agents(app: faust.App, partitions: Partitions[Unit], topics: Topics) -> None:
    """Declare the agents on an app. Their topics carry whole chunks, and are never acknowledged through Faust."""

    def chunks_of(metric: Metric) -> faust.TopicT:
        return app.topic(topics.input(metric), key_serializer="raw", value_serializer="raw", acks=False)

    @app.agent(chunks_of(AVAILABILITY), name="health-checks")  # type: ignore[untyped-decorator]
    async def health_checks(stream: StreamT[Chunk]) -> None:
        async for event in stream.events():
            await partitions.apply(event.message.tp, event.value)

    @app.agent(chunks_of(IFRAME), name="iframe-loads")  # type: ignore[untyped-decorator]
    async def iframe_loads(stream: StreamT[Chunk]) -> None:
        async for event in stream.events():
            await partitions.apply(event.message.tp, event.value)

    @app.agent(chunks_of(INSTALLATION), name="installation-callbacks")  # type: ignore[untyped-decorator]
    async def installation_callbacks(stream: StreamT[Chunk]) -> None:
        async for event in stream.events():
            await partitions.apply(event.message.tp, event.value)

    @app.agent(chunks_of(WEBHOOK), name="webhook-deliveries")  # type: ignore[untyped-decorator]
    async def webhook_deliveries(stream: StreamT[Chunk]) -> None:
        async for event in stream.events():
            await partitions.apply(event.message.tp, event.value)
