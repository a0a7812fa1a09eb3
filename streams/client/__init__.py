"""For Python services that produce events: `async with EventClient("localhost:9092") as client: ...`.

`BlockingEventClient` does the same without an event loop.
"""

from streams.client.blocking import BlockingEventClient
from streams.client.client import EventClient, InvalidEventError

__all__ = ["BlockingEventClient", "EventClient", "InvalidEventError"]
