"""What the client library leaves behind when a TLS connection fails: a socket that closes after the event loop has."""

import pytest

LEAVES_SOCKETS = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
