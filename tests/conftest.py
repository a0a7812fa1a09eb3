"""Fixtures and hooks of all tests."""

from streams.kafka.aiokafka_0_14_0 import install

pytest_plugins = ["tests.kafka_fixture", "tests.database_fixture"]

install()  # as every command does
