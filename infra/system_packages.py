"""Debian packages that some tests need: installed only where that was asked for."""

import os
import subprocess
from collections.abc import Callable, Sequence


class NotInstalledError(Exception):
    """A package could not be installed; the message says why."""


def may_install() -> bool:
    """Whether system packages and services may be touched: as root, and only when told so."""
    return os.geteuid() == 0 and (os.environ.get("CI") == "true" or os.environ.get("INSTALL") == "1")


def install_command(packages: Sequence[str]) -> tuple[str, ...]:
    """What installs them."""
    return ("apt-get", "install", "--yes", "--no-install-recommends", *packages)


def install(packages: Sequence[str], report: Callable[[str], None]) -> None:
    """Install packages; they stay.

    Raises:
        NotInstalledError: it did not work.
    """
    command = install_command(packages)
    report(f"Installing {', '.join(packages)}: {' '.join(command)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (("apt-get", "update"), command):
        try:
            done = subprocess.run(step, env=environment, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise NotInstalledError("This system has no apt-get") from None
        if done.returncode != 0:
            raise NotInstalledError(f"{' '.join(step)} failed:\n{done.stderr or done.stdout}")
