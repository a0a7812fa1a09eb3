"""Installs what a lock file pins, and shows how far it is: pip alone is either silent for minutes, or endless.

`python infra/install.py LOCK` installs into the Python that runs it.
"""

import re
import subprocess
import sys
from collections import deque
from pathlib import Path
from typing import Final

_PIP: Final = (sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off")
_PACKAGE: Final = re.compile(r"(?:Collecting|Requirement already satisfied:) ([\w.-]+)")
_INSTALLING: Final = "Installing collected packages"
_EVERY: Final = 40  # packages, where a line is not written over
_LAST_WORDS: Final = 15  # lines


def main(lock: Path) -> int:
    """The exit code of pip; of its words the last ones are shown if it fails."""
    total = len(re.findall(r"^[\w.-]+==", lock.read_text(encoding="utf-8"), re.MULTILINE))
    _say(f"Installing {total} packages into .venv, each verified by its hash. Once, this takes some minutes.")
    words, found = deque[str](maxlen=_LAST_WORDS), set[str]()
    with subprocess.Popen(
        (*_PIP, "--require-hashes", "--requirement", str(lock)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as pip:
        assert pip.stdout is not None  # noqa: S101  asked for
        for line in pip.stdout:
            words.append(line)
            if match := _PACKAGE.match(line):
                found.add(match[1])
                _show(f"{len(found)} of {total}: {match[1]}", is_worth_a_line=len(found) % _EVERY == 0)
            elif line.startswith(_INSTALLING):
                _show(f"all {total} are here; unpacking them", is_worth_a_line=True)
    _show("", is_worth_a_line=False)
    if pip.returncode:
        sys.stderr.write("".join(words))
    return pip.returncode


def _show(text: str, *, is_worth_a_line: bool) -> None:
    """One line that changes; where nobody sees it change, a line now and then."""
    if sys.stdout.isatty():
        sys.stdout.write(f"\r\x1b[K  {text}" if text else "\r\x1b[K")
        sys.stdout.flush()
    elif is_worth_a_line:
        _say(f"  {text}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
