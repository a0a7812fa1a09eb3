"""An embedded Apache Kafka: no Docker, no installed Java."""
