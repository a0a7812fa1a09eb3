"""A wrong clock for one process of a test: libfaketime, from Debian's package `faketime`."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from infra.system_packages import NotInstalledError, install, install_command, may_install

_PACKAGE: Final = ("faketime",)
_LIBRARIES: Final = ("/usr/lib/*/faketime/libfaketime.so.1", "/usr/lib/faketime/libfaketime.so.1")


class FaketimeUnavailableError(Exception):
    """There is no libfaketime here; the message says how to get it."""


def wrong_clock(shift: str, report: Callable[[str], None]) -> dict[str, str]:
    """Environment of a process whose wall clock is off by `shift`, `+1h` for example. What it waits for is not.

    Raises:
        FaketimeUnavailableError: there is no library, and none may or could be installed.
    """
    if _library() is None:
        by_hand = f"as root: apt-get update && {' '.join(install_command(_PACKAGE))}"
        if not may_install():
            raise FaketimeUnavailableError(f"libfaketime is missing. Set INSTALL=1 as root, or {by_hand}")
        try:
            install(_PACKAGE, report)
        except NotInstalledError as problem:
            raise FaketimeUnavailableError(f"{problem}. By hand, {by_hand}") from None
    return {"LD_PRELOAD": str(_library()), "FAKETIME": shift, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def _library() -> Path | None:
    found = (path for pattern in _LIBRARIES for path in sorted(Path("/").glob(pattern.lstrip("/"))))
    return next(found, None)
