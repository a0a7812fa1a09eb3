"""A peer is measured from its first event to its last result, and one that fails says why."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.bench.peers.catalogue import Peer
from tests.bench.peers.protocol import Progress
from tests.bench.peers.run import Course, PeerError, run_peer

COUNT = 1_000
WORK = """
import sys, time
from tests.bench.peers.protocol import Progress, done
def work(seconds):
    until = time.process_time() + seconds
    while time.process_time() < until: pass
progress = Progress(int(sys.argv[4]))
work(0.3)
for _ in range(1_000):
    progress.add()
    work(0.0004)
done()
"""


def run(script: str, folder: Path) -> Course:
    peer = Peer("a peer", "1", "none", lambda: [sys.executable, "-c", script])
    running = run_peer(peer, "servers", "topic", "output", COUNT, folder=folder, broker_pid=os.getpid())
    return asyncio.run(running)


def test_start_up_is_left_out_and_the_half_taken_apart(tmp_path: Path) -> None:
    course = run(WORK, tmp_path)
    assert (course.start.seen, course.half.seen, course.end.seen) == (1, COUNT // 2, COUNT)
    work_s = course.end.own.cpu_s - course.start.own.cpu_s
    assert 0.3 < work_s < 0.6
    figures = course.figures
    assert figures["events per CPU second"] == pytest.approx((COUNT - 1) / work_s)
    assert figures["events per CPU second, warm"] == pytest.approx(figures["events per CPU second"], rel=0.5)


def test_a_crash_is_told_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(PeerError, match="status 3: no such topic"):
        run("import sys; print('seen 1'); print('no such topic', file=sys.stderr); sys.exit(3)", tmp_path)


def test_a_crash_after_the_last_result_is_one_too(tmp_path: Path) -> None:
    with pytest.raises(PeerError, match="status 1"):
        run("import sys; print('seen 1'); print('done', flush=True); sys.stdin.read(); 1 / 0", tmp_path)


def test_progress_tells_the_first_and_the_half_whatever_the_steps(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(10)
    for step in (3, 1, 4, 2):
        progress.add(step)
    assert progress.is_complete
    assert capsys.readouterr().out.split() == ["seen", "3", "seen", "8"]
    Progress(10).add(10)
    assert capsys.readouterr().out.split() == ["seen", "10"]
