"""Where the dashboard of a job listens."""

import socket
from pathlib import Path

import pytest

from streams.run import dashboard
from tests.ports import free_port


@pytest.fixture
def usual(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> int:
    """A port of this test alone, as the usual one."""
    port = free_port()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(dashboard, "_USUAL_PORT", port)
    return port


def test_two_jobs_that_start_at_once_have_a_port_each(usual: int) -> None:
    with dashboard.dashboard_port() as first, dashboard.dashboard_port() as second:
        assert first == usual != second
    with dashboard.dashboard_port() as third:
        assert third == usual


def test_a_port_that_somebody_listens_on_is_left_to_him(usual: int) -> None:
    with socket.create_server(("127.0.0.1", usual)), dashboard.dashboard_port() as port:
        assert port != usual
