"""For Python services that produce events: `async with EventClient("localhost:9092") as client: ...`."""

from streams.client.client import EventClient, InvalidEventError

__all__ = ["EventClient", "InvalidEventError"]
