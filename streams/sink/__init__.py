"""Kafka into PostgreSQL, exactly once: offsets move in the transaction of the facts, whoever reads."""
