"""CPU time and memory as the kernel counts them."""

import os
import subprocess
import sys
import time

import pytest

from tests.bench.usage import tree_usage, usage


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


def test_children_count_too_also_when_they_have_ended() -> None:
    work = "import time\nwhile time.process_time() < 0.3: pass\nprint('worked', flush=True)\ninput()"
    before = tree_usage(os.getpid())
    with subprocess.Popen([sys.executable, "-c", work], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        running = tree_usage(os.getpid())
        assert running.cpu_s - before.cpu_s > 0.25
        assert running.peak_mb > usage(os.getpid()).peak_mb
        child.communicate(b"\n")
    assert tree_usage(os.getpid()).cpu_s - before.cpu_s > 0.25
