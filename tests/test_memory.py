"""Freed memory is used again instead of being asked for anew: counted in page faults, which no load changes."""

import ctypes
import subprocess
import sys

import pytest

PIECES, PIECE_BYTES, TIMES = 20, 256 * 1024, 50
PAGES_EACH_TIME = PIECES * PIECE_BYTES // 4096

CHURN = f"""
import resource, sys
from streams.memory import keep_memory_at_hand
if sys.argv[1] == "kept":
    keep_memory_at_hand()
for number in range({TIMES} + 2):
    if number == 2:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    pieces = [bytes({PIECE_BYTES}) for _ in range({PIECES})]
    del pieces
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(how: str) -> int:
    run = subprocess.run([sys.executable, "-c", CHURN, how], capture_output=True, check=True, text=True, timeout=60)
    return int(run.stdout)


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="not glibc")
def test_what_was_freed_is_used_again() -> None:
    assert page_faults("by default") > TIMES * PAGES_EACH_TIME // 2
    assert page_faults("kept") < PAGES_EACH_TIME
