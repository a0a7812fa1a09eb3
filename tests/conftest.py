"""Fixtures and hooks of all tests."""

pytest_plugins = ["tests.kafka_fixture"]
