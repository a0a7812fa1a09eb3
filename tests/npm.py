"""Packages of npm that some tests ask: pinned in a folder of the tests, installed beside a copy of its files."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

needs_npm: Final = pytest.mark.skipif(shutil.which("npm") is None, reason="needs node and npm")
_INSTALL: Final = ("npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts")
_INSTALL_S: Final = 100


def install(source: Path, folder: Path) -> None:
    """Copy the files of `source` into a folder, and install what its `package.json` names there.

    Raises:
        subprocess.SubprocessError: it cannot be had, or not in time.
    """
    for file in source.iterdir():
        shutil.copy(file, folder)
    subprocess.run(_INSTALL, cwd=folder, timeout=_INSTALL_S, check=True, capture_output=True)


def installed(source: Path, folder: Path) -> Path:
    """The folder, with the packages in it; a test that needs them is skipped where they cannot be had."""
    try:
        install(source, folder)
    except subprocess.SubprocessError:
        pytest.skip(f"the packages of {source.name} cannot be installed here")
    return folder
