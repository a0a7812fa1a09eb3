"""A Kafka container image built without a registry."""
