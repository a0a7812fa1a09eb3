"""Where peers come from: PyPI into a virtual environment of each, Maven Central into a folder of jars.

Everything lies in the user's cache folder, never in the product's own environment, and is made once for each pinned
version.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from streams.broker.jars import default_cache

HERE: Final = Path(__file__).parent
_TIMEOUT_S: Final = 900
_GIST_LINES: Final = 3


class UnavailableError(Exception):
    """The peer cannot be had on this machine."""


def python_with(name: str, requirements: tuple[str, ...]) -> str:
    """The Python of a virtual environment that holds these pinned packages.

    Raises:
        UnavailableError: one of them cannot be installed.
    """
    folder = _folder(name)
    python = folder / "bin" / "python"
    stamp = folder / "installed"
    wanted = "\n".join(requirements)
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(folder)], "a virtual environment")
        _run([str(python), "-m", "pip", "install", "--quiet", *requirements], wanted)
        stamp.write_text(wanted)
    return str(python)


def java_with(name: str) -> tuple[str, str]:
    """Java, and the class path of the Maven project in the folder `name`, compiled, with all it needs.

    Raises:
        UnavailableError: no Java or Maven here, or the build failed.
    """
    java, maven = shutil.which("java"), shutil.which("mvn")
    if java is None or maven is None or shutil.which("javac") is None:
        raise UnavailableError("it needs java, javac (17 or newer) and mvn on the PATH")
    folder = _folder(name)
    jars, stamp = folder / "jars", folder / "built"
    sources = [*sorted((HERE / name).iterdir()), HERE / "Progress.java"]
    wanted = hashlib.sha256(b"\n".join(source.read_bytes() for source in sources)).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        project = ["--file", str(HERE / name / "pom.xml"), f"-Dbench.build={folder}"]
        copied = ["dependency:copy-dependencies", f"-DoutputDirectory={jars}", "-DincludeScope=runtime"]
        _run([maven, "--quiet", "--batch-mode", *project, "compile", *copied], "its Maven project")
        stamp.write_text(wanted)
    return java, os.pathsep.join([str(folder / "classes"), str(jars / "*")])


def _folder(name: str) -> Path:
    return default_cache().parent / "bench" / name


def _run(command: list[str], what: str) -> None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        raise UnavailableError(f"{what} took over {_TIMEOUT_S} s") from None
    if done.returncode:
        said = "\n".join((done.stderr or done.stdout).strip().splitlines()[-_GIST_LINES:])
        raise UnavailableError(f"{what} could not be had: {said}")
