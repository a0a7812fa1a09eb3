"""What others wrote and we ship is what they published: nobody has changed a byte of it."""

from hashlib import sha256
from pathlib import Path

import pytest

from streams import dashboard

VENDOR = Path(dashboard.__file__).parent / "static/vendor"
SUMS = {
    "uPlot.LICENSE": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
    "uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
}


@pytest.mark.parametrize("name", SUMS)
def test_its_bytes_are_the_published_ones(name: str) -> None:
    assert sha256((VENDOR / name).read_bytes()).hexdigest() == SUMS[name]


def test_nothing_else_is_there() -> None:
    assert {file.name for file in VENDOR.iterdir()} == {*SUMS, "README.md"}
