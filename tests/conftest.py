"""Fixtures and hooks of all tests."""

import signal

from streams.kafka.aiokafka_0_14_0 import install

pytest_plugins = ["tests.kafka_fixture", "tests.database_fixture"]

install()  # as every command does

# Where the tests run in the background, a shell has Ctrl-C ignored, and every process that they start would ignore it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
