"""Build the image from what `make release` has put into dist/: python -m infra.image.build [BASE]

Without BASE, one is made of Debian's packages. Prints the image's name.
"""

import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Final

import docker
import docker.errors

from infra.docker.engine import BY_HAND, connect
from infra.image.base import CERTIFICATES, ensure_base
from streams.version import own_version

REPOSITORY: Final = "slo-streams"
DOCKERFILE: Final = "infra/image/Dockerfile"
_CONTEXT: Final = (DOCKERFILE, "infra/requirements-runtime.lock", "dist")


def build_image(engine: docker.DockerClient, base: str) -> str:
    """Name of the image, of this version.

    Raises:
        docker.errors.BuildError: a step failed; its log is in the error.
        FileNotFoundError: there is no wheel in dist/ yet.
    """
    version = own_version()
    name = f"{REPOSITORY}:{version}"
    if not list(Path("dist").glob("*.whl")):
        raise FileNotFoundError("There is no wheel in dist/: run make release first.")
    revision = subprocess.run(["git", "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    arguments = {"BASE": base, "VERSION": version, "REVISION": revision}
    if "PIP_CERT" in os.environ:  # whoever needs it here needs it in the build
        arguments["PIP_CERT"] = str(CERTIFICATES)
    engine.images.build(
        fileobj=_context(),
        custom_context=True,
        dockerfile=DOCKERFILE,
        tag=name,
        buildargs=arguments,
        network_mode="host",
        rm=True,
    )
    return name


def _context() -> io.BytesIO:
    """The files that the Dockerfile names, and no others: the classic builder reads no ignore file of a Dockerfile."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for path in _CONTEXT:
            tar.add(path)
    archive.seek(0)
    return archive


def main() -> int:
    """Exit code 1 where it could not be built; the reason is on standard error."""
    engine = connect()
    if engine is None:
        sys.stderr.write(f"No Docker engine answers. As root: {BY_HAND}\n")
        return 1
    try:
        base = sys.argv[1] if sys.argv[1:] else ensure_base(engine, lambda line: print(line, file=sys.stderr))
        print(build_image(engine, base))
    except docker.errors.BuildError as problem:
        sys.stderr.write("".join(line.get("stream", line.get("error", "")) for line in problem.build_log))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
