"""CPU time and memory as the kernel counts them."""

import os
import time

import pytest

from tests.bench.usage import usage


def test_it_sees_work_and_no_idleness() -> None:
    before, spent_s = usage(os.getpid()), time.process_time()
    while time.process_time() - spent_s < 0.2:
        pass
    assert usage(os.getpid()).cpu_s - before.cpu_s == pytest.approx(time.process_time() - spent_s, abs=0.05)


def test_it_remembers_the_peak() -> None:
    before = usage(os.getpid()).peak_mb
    held = bytearray(os.urandom(1)) * (int(before + 20) * 1_024 * 1_024)
    assert usage(os.getpid()).peak_mb > before
    del held
    assert usage(os.getpid()).peak_mb > before


def test_no_process_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        usage(2**30)
