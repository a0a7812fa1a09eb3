"""The product as it was at an earlier commit of this repository, to run beside today's."""

import io
import subprocess
import tarfile
from pathlib import Path
from typing import Final

import pytest

COMMIT: Final = "e84519b79cc7a0542a3e0096a439f35411c759f3"
"""With twenty migrations, and rows of days that history wrote anew at each commit."""


def older_product(folder: Path) -> Path:
    """Its packages, unpacked into a folder: what PYTHONPATH has to name. Skips where the clone is too shallow."""
    packed = subprocess.run(["git", "archive", COMMIT, "streams", "schemas"], capture_output=True, check=False)
    if packed.returncode:
        pytest.skip(f"this clone does not have {COMMIT[:7]}")
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder
