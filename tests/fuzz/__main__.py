"""`python -m tests.fuzz [SECONDS]`: coverage-guided fuzzing of how records are read, from the examples on.

Needs the extra `fuzz` (atheris, which is libFuzzer for Python). What breaks is kept as a file to run it with again.
"""

import os
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["streams.intake", "streams.outlet", "schemas", "tests.fuzz"]):
    from tests.build import Stored
    from tests.fuzz.corpus import corpus, words
    from tests.fuzz.records import ALL_METRICS, OWN_MARK, check

_FOUND = Path("build/fuzz")
_KEYS = (None, b"", b"com.example.charts", b"com.example.app")
_TYPES = (None, b"application/cloudevents+json", b'"Application/CloudEvents+JSON" ; charset=utf-8', b"\xff")
_TYPE_NAMES = ("content-type", "Content-Type", "contentType", "content_type")
_LARGEST = 70_000
_CHOICES = 4
"""The last bytes of an input choose metric, key, headers and timestamp; all before them is the value."""


def one(data: bytes) -> None:
    """Read an input as a record of some topic."""
    value, choices = data[:-_CHOICES], data[-_CHOICES:].ljust(_CHOICES, b"\0")
    headers: tuple[tuple[str, bytes | None], ...] = (
        (_TYPE_NAMES[choices[2] // 4 % len(_TYPE_NAMES)], _TYPES[choices[2] % len(_TYPES)]),
    )
    if choices[2] & 128:
        headers += (("rerouted-from", OWN_MARK if choices[2] & 64 else b"0@1"),)
    timestamp = (None, -1, 0, 1_648_136_352_345)[choices[3] % 4]
    key = _KEYS[choices[1] % len(_KEYS)]
    check([Stored(offset=0, timestamp=timestamp, key=key, value=value, headers=headers)], ALL_METRICS[choices[0] % 4])


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


def main() -> None:
    """Fuzz for some seconds, 60 by default; ends with an error code as soon as something breaks."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    _FOUND.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        seeds, dictionary = Path(folder) / "seeds", Path(folder) / "words"
        seeds.mkdir()
        for number, value in enumerate(corpus()):
            seeds.joinpath(str(number)).write_bytes(value + bytes([number % 4, 2, 0, 3]))
        dictionary.write_text("".join(f'"{_escaped(word)}"\n' for word in words()))
        options = [f"-max_total_time={seconds}", f"-max_len={_LARGEST}", f"-dict={dictionary}"]
        options += [f"-artifact_prefix={_FOUND}{os.sep}", "-print_final_stats=1"]
        atheris.Setup([sys.argv[0], *options, str(seeds)], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
