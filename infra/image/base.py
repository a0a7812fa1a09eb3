"""A base for the image where no registry of images can be reached: Debian's own packages, put together here.

Elsewhere the public base that the Dockerfile names will do. This one holds the certificates of this machine, too: pip
then reaches the same index inside a build as outside.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import docker
import docker.errors

from infra.system_packages import NotInstalledError, install, may_install

NAME: Final = "slo-streams-base"
SUITE: Final = "bookworm"
PACKAGES: Final = ("python3-venv", "ca-certificates", "libstdc++6")
CERTIFICATES: Final = Path("/etc/ssl/certs/ca-certificates.crt")


def ensure_base(engine: docker.DockerClient, report: Callable[[str], None], packages: tuple[str, ...] = ()) -> str:
    """Name of the base with further Debian `packages`; made unless the engine has it, which takes two minutes.

    Raises:
        NotInstalledError: mmdebstrap is not to be had.
        subprocess.CalledProcessError: it failed; its output says why.
    """
    name = f"{NAME}:{'-'.join((SUITE, *packages))}"
    try:
        engine.images.get(name)
    except docker.errors.ImageNotFound:
        if shutil.which("mmdebstrap") is None:
            if not may_install():
                raise NotInstalledError("mmdebstrap is not here: apt-get install mmdebstrap") from None
            install(["mmdebstrap"], report)
        report(f"Making the base image {name} of Debian's packages")
        with tempfile.TemporaryDirectory(prefix="slo-base-") as folder:
            archive = Path(folder, "base.tar")
            include = ",".join((*PACKAGES, *packages))
            upload = f"--customize-hook=upload {CERTIFICATES} {CERTIFICATES}"
            command = ["mmdebstrap", "--variant=essential", f"--include={include}", upload, SUITE, str(archive)]
            subprocess.run(command, check=True, capture_output=True, text=True)
            repository, _, tag = name.partition(":")
            engine.api.import_image_from_file(str(archive), repository=repository, tag=tag)
    return name
