"""A Kubernetes API server, its controllers and Helm, built from their sources and kept: twenty minutes of a core, once.

    python -m infra.kubernetes.build        # prints the folder that they are in

No registry of images or of binaries is needed, but Go is: `go.mod` names the versions, `go.sum` what they have to be.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
PROGRAMS: Final = {
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
    "helm": "helm.sh/helm/v3/cmd/helm",
}
"""The package of each: the largest first, which has most of what the others need."""


class NotBuiltError(Exception):
    """The programs are not here; the message says how to get them."""


def version() -> str:
    """Of Kubernetes: '1.37.2'."""
    text = (FOLDER / "go.mod").read_text(encoding="utf-8")
    return str(re.findall(r"k8s\.io/kubernetes v(\S+)", text)[0])


def kept_in() -> Path:
    """Folder the programs are kept in: `slo-streams/kubernetes-VERSION` below `$XDG_CACHE_HOME`, or `~/.cache`."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "slo-streams" / f"kubernetes-{version()}"


def built() -> Path:
    """The folder with all programs in it.

    Raises:
        NotBuiltError: one is missing.
    """
    folder = kept_in()
    if missing := [name for name in PROGRAMS if not (folder / name).exists()]:
        raise NotBuiltError(f"{', '.join(missing)}: not here. `python -m infra.kubernetes.build` takes twenty minutes.")
    return folder


def build(report: Callable[[str], None]) -> Path:
    """Build what is missing; the folder.

    Raises:
        NotBuiltError: Go is not here.
        subprocess.CalledProcessError: a module cannot be had, or does not compile.
    """
    folder = kept_in()
    missing = {name: package for name, package in PROGRAMS.items() if not (folder / name).exists()}
    go = shutil.which("go")
    if missing and go is None:
        raise NotBuiltError("go is not here: install Go 1.26 or newer")
    folder.mkdir(parents=True, exist_ok=True)
    for name, package in missing.items():
        report(f"Building {name}, once (all take twenty minutes, kept in {folder})")
        with tempfile.TemporaryDirectory(prefix="slo-kubernetes-") as made_in:
            subprocess.run(
                [str(go), "install", "-p=2", "-mod=readonly", f"-ldflags={_flags()}", package],
                cwd=FOLDER,
                env={**os.environ, "GOBIN": made_in, "CGO_ENABLED": "0"},
                check=True,
            )
            shutil.move(Path(made_in, name), folder / name)
    return folder


def _flags() -> str:
    """Without its version neither kubectl nor Helm takes a server for one of Kubernetes."""
    major, minor, _ = version().split(".")
    values = {"gitVersion": f"v{version()}", "gitMajor": major, "gitMinor": minor}
    return " ".join(["-s -w", *(f"-X k8s.io/component-base/version.{name}={value}" for name, value in values.items())])


if __name__ == "__main__":
    print(build(print))
