"""How a service ends: with its code, at once."""

import subprocess
import sys
from textwrap import dedent

import pytest


@pytest.mark.parametrize(("code", "expected"), [("0", 0), ("None", 0), ("75", 75), ("'why not'", 70)])
@pytest.mark.timeout(120)
def test_a_stopped_service_does_not_wait_for_a_thread_that_never_ends(code: str, expected: int) -> None:
    program = f"""
        import logging, sys, threading, time
        from streams.ownership.endings import Endings

        threading.Thread(target=time.sleep, args=(3_600,)).start()
        logging.basicConfig(level=logging.INFO)
        logging.info("stopped")
        Endings().stopped({code})
    """
    ended = subprocess.run(
        [sys.executable, "-c", dedent(program)], check=False, timeout=110, capture_output=True, text=True
    )
    assert ended.returncode == expected
    assert "stopped" in ended.stderr
