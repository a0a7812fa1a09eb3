"""Disks that are full or cannot be written to."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from streams.broker import EmbeddedKafka
from tests.faults.ground import COMES_BACK_SOON, Ground
from tests.faults.row import LeftOutError
from tests.faults.scene import Scene

_DISK_BYTES: Final = 400 * 1024 * 1024
_FULL_FOR_S: Final = 10
_BLOCK: Final = bytes(4_096)

# Nothing can be made in /proc, not even by root, and no file may grow by a byte; what is said goes through a pipe.
WITHOUT_A_DISK: Final = (
    "bash",
    "-c",
    'exec > >(exec cat) 2>&1; export PYTHONPATH="$PWD" HOME=/proc TMPDIR=/proc; cd /proc; ulimit -f 0; exec "$@"',
    "bash",
)


@contextmanager
def on_a_small_disk(folder: Path) -> Iterator[Ground]:
    """A broker whose logs are on a disk of its own.

    Raises:
        LeftOutError: only root may mount one.
    """
    disk = folder / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_BYTES}", "slo-faults", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, stderr=subprocess.DEVNULL, check=False).returncode:
        raise LeftOutError("a small disk can only be mounted by root")
    broker = EmbeddedKafka(data_dir=disk / "kafka", overrides=COMES_BACK_SOON)
    try:
        broker.start()
        yield Ground([broker], broker.bootstrap_servers, broker.bootstrap_servers)
    finally:
        broker.kill()
        subprocess.run(["umount", str(disk)], check=True)


async def full_for_a_while(scene: Scene) -> int:
    """Something else fills the broker's disk, and is removed some time later; the broker is started if it has ended."""
    [broker] = scene.ground.brokers
    ballast = broker.log_path.parent.parent / "ballast"
    _fill(ballast)
    await asyncio.sleep(_FULL_FOR_S)
    ballast.unlink()
    broker.kill()  # one that has noticed has ended by itself; one that has not is no better
    broker.launch()
    await asyncio.to_thread(broker.await_ready)
    return 1


def _fill(ballast: Path) -> None:
    """Write until no byte more fits; the broker may write beside."""
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(_BLOCK)
