"""Ports for servers that are started later."""

import os
import random
from itertools import cycle

from streams.broker.probe import is_taken

# Below those that a system gives to clients and to whoever asks for port 0: in the seconds until a server has started,
# such a port may be given to somebody else.
_PORTS = range(10_000, 32_768)
_WORKERS = 8
"""Tests that run side by side have ports of their own."""


def _own_ports() -> list[int]:
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    ports = _PORTS[number % _WORKERS :: _WORKERS]
    start = random.randrange(len(ports))  # elsewhere than another run on this machine
    return [*ports[start:], *ports[:start]]


_own = cycle(_own_ports())


def free_port() -> int:
    """A port that nothing listens on, and that no other test is told."""
    return next(port for port in _own if not is_taken(port))
