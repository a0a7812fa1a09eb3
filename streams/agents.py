"""The Faust agents: one for each input topic, thin. What the records mean is decided further in."""

from collections.abc import Mapping
from typing import Any

import faust
from faust.types import StreamT

from streams.kafka.chunk import Chunk
from streams.ownership.partitions import Partitions


def register_agents(app: faust.App, partitions: Partitions[Any], topics: Mapping[str, str]) -> None:
    """Declare an agent for each topic, by name. Topics carry whole chunks, and are never acknowledged through Faust."""

    async def feed(stream: StreamT[Chunk]) -> None:
        async for event in stream.events():
            await partitions.apply(event.message.tp, event.value)

    for topic, name in topics.items():
        chunks = app.topic(topic, key_serializer="raw", value_serializer="raw", acks=False)
        app.agent(chunks, name=name)(feed)
