"""`slo-streams dashboard` as a process: it serves, logs in by its link, and stops when asked."""

import os
import re
import signal
import subprocess
import sys
import time

import httpx2

from tests.ports import free_port


def test_it_serves_until_it_is_stopped(filled: str) -> None:
    port = free_port()
    environment = {**os.environ, "SLO_DATABASE_URL": filled, "SLO_DASHBOARD_PORT": str(port)}
    command = [sys.executable, "-m", "streams.cli", "dashboard"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            said = ""
            while "log in once" not in said:
                line = process.stderr.readline()
                assert line, said
                said += line
            link = re.search(r"http://127\.0\.0\.1:\d+/login/once\S+", said)
            assert link is not None
            with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as browser:
                _await_ready(browser)
                assert browser.get("/api/v1/budgets").status_code == 401
                assert browser.get(link[0]).status_code == 303
                assert len(browser.get("/api/v1/budgets").json()["items"]) == 4
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def _await_ready(browser: httpx2.Client) -> None:
    deadline_s = time.monotonic() + 60
    while True:
        try:
            if browser.get("/ready").status_code == 200:
                return
        except httpx2.TransportError:
            pass
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
