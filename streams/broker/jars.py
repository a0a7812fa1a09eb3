"""The jars of Apache Kafka: fetched once into a cache folder, and verified against `kafka.lock` at every start."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from streams.broker.errors import BrokerError

KAFKA_VERSION: Final = "4.4.0"
_PARALLEL_DOWNLOADS: Final = 8


@dataclass(frozen=True, slots=True)
class Jar:
    """One locked artifact: its Maven coordinates and the SHA-256 of its bytes."""

    group: str
    name: str
    version: str
    sha256: str

    @property
    def filename(self) -> str:
        """File name in the cache: 'kafka-clients-4.4.0.jar'."""
        return f"{self.name}-{self.version}.jar"


def locked_jars() -> list[Jar]:
    """Every jar the broker needs, in class path order."""
    return list(_parse(files("streams.broker").joinpath("kafka.lock").read_text(encoding="utf-8")))


def default_cache() -> Path:
    """Folder the jars are kept in: `slo-streams/kafka-VERSION` below `$XDG_CACHE_HOME`, or `~/.cache`."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "slo-streams" / f"kafka-{KAFKA_VERSION}"


def ensure_jars(cache: Path, *, report: Callable[[str], None]) -> list[Path]:
    """Paths of all jars, downloaded where missing, each one verified.

    `report` gets one line before and after a download.

    Raises:
        BrokerError: a download failed, a jar differs from the lock, or the cache cannot be written.
    """
    jars = locked_jars()
    missing = [jar for jar in jars if not (cache / jar.filename).exists()]
    if missing:
        report(f"Downloading Apache Kafka {KAFKA_VERSION}, once (about 45 MB in {len(jars)} jars, kept in {cache})")
        download(missing, cache)
        report(f"Apache Kafka {KAFKA_VERSION} is complete and verified")
    for jar in jars:
        _verify(jar, cache / jar.filename, hint=f"Delete {cache / jar.filename} and start again to fetch it anew.")
    return [cache / jar.filename for jar in jars]


def download(jars: list[Jar], cache: Path) -> None:
    """Fetch jars into a cache folder: those that are what was locked, and none unless all are.

    Raises:
        BrokerError: a download failed, a jar differs from the lock, or the cache cannot be written.
    """
    try:
        cache.mkdir(parents=True, exist_ok=True)
        # Beside the cache, so that a jar appears in it whole or not at all, also with two first starts at once.
        with tempfile.TemporaryDirectory(prefix="download-", dir=cache) as folder:
            with ThreadPoolExecutor(_PARALLEL_DOWNLOADS) as pool:
                fetched = list(pool.map(lambda jar: _fetch(jar, Path(folder)), jars))
            for jar, path in zip(jars, fetched, strict=True):
                _verify(jar, path, hint="The Maven repository served something else than was locked.")
                path.replace(cache / jar.filename)
    except OSError as error:
        raise BrokerError(f"The jars cannot be kept in {cache}: {error.strerror or error}") from error


def _parse(text: str) -> Iterator[Jar]:
    for line in text.splitlines():
        if line and not line.startswith("#"):
            sha256, coordinates = line.split()
            group, name, version = coordinates.split(":")
            yield Jar(group, name, version, sha256)


def _fetch(jar: Jar, folder: Path) -> Path:
    from jgo.config import GlobalSettings
    from jgo.maven import MavenContext

    # Repositories of the user's jgo settings, if there are any: the usual way to a mirror.
    context = MavenContext(repo_cache=folder, remote_repos=GlobalSettings.load().repositories or None, timeout=60)
    try:
        return Path(context.project(jar.group, jar.name).at_version(jar.version).artifact().resolve())
    except (OSError, RuntimeError) as error:
        raise BrokerError(
            f"{jar.group}:{jar.name}:{jar.version} could not be downloaded: {error}\n"
            "The first start needs a Maven repository: check the network or proxy (HTTPS_PROXY), "
            "or name a mirror under [repositories] in ~/.config/jgo.conf, and start again."
        ) from error


def _verify(jar: Jar, path: Path, *, hint: str) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != jar.sha256:
        raise BrokerError(f"{path.name} is not the locked file: SHA-256 {found}, expected {jar.sha256}. {hint}")
