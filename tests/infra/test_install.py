"""Setting up shows how far it is, and says what pip said where that fails."""

import os
import pty
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

INSTALL = Path(__file__).parents[2] / "infra" / "install.py"


def install(lock: Path) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PIP_NO_INDEX": "1"}
    return subprocess.run(
        (sys.executable, str(INSTALL), str(lock)),
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
        env=environment,
    )


def test_what_is_there_already_is_fine(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.write_text(f"idna=={version('idna')} \\\n    --hash=sha256:{'0' * 64}\n")
    done = install(lock)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Installing 1 packages into .venv")


def test_a_terminal_sees_which_package_it_is_at(tmp_path: Path) -> None:
    names, lock = ("idna", "orjson"), tmp_path / "lock"
    lock.write_text("".join(f"{name}=={version(name)} \\\n    --hash=sha256:{'0' * 64}\n" for name in names))
    ours, theirs = pty.openpty()
    with subprocess.Popen((sys.executable, str(INSTALL), str(lock)), stdout=theirs) as process:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 4_096):
                shown += piece
        except OSError:  # Linux says so where nobody writes any more
            pass
        assert process.wait(100) == 0
    os.close(ours)
    _, *lines = shown.decode().split("\r\x1b[K")
    assert lines == ["  1 of 2: idna", "  2 of 2: orjson", ""]


def test_what_cannot_be_had_is_told_in_the_words_of_pip(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.write_text(f"slo-streams-is-no-such-package==1.0 \\\n    --hash=sha256:{'0' * 64}\n")
    done = install(lock)
    assert done.returncode != 0
    assert "slo-streams-is-no-such-package==1.0" in done.stderr
