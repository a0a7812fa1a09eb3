"""Fixtures and hooks of all tests."""

import signal

from hypothesis import HealthCheck, settings

from streams.kafka.aiokafka_0_14_0 import install

pytest_plugins = ["tests.kafka_fixture", "tests.database_fixture"]

install()  # as every command does

# A law holds at any speed of the machine.
_chosen = settings.get_profile(settings.get_current_profile_name())
settings.register_profile("any speed", _chosen, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any speed")

# Where the tests run in the background, a shell has Ctrl-C ignored, and every process that they start would ignore it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
