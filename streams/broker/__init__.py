"""An embedded Apache Kafka: no Docker, no installed Java."""

from streams.broker.embedded import EmbeddedKafka
from streams.broker.errors import BrokerError

__all__ = ["BrokerError", "EmbeddedKafka"]
